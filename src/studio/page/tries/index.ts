/** Pictures that are drawn with the word of a run, to compare its steps and to use it. */
export { DrawingFields } from "./fields.tsx";
export {
  type Cell,
  type CellView,
  type Drawing,
  expectedSeconds,
  isDrawable,
  newestFirst,
  sampleViewsOf,
  type Try,
  usualDrawing,
  viewsOf,
} from "./tries.ts";
export { useTries } from "./use-tries.ts";
