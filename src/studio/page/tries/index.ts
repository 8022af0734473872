/** Pictures drawn with the word of a run, to compare its steps and to use it. */
export type { Try } from "../../using/tries/rows.ts";
export { DrawingFields } from "./fields.tsx";
export {
  type Cell,
  type CellView,
  type Drawing,
  expectedSeconds,
  isDrawable,
  newestFirst,
  sampleViewsOf,
  usualDrawing,
  viewsOf,
} from "./tries.ts";
export { useTries } from "./use-tries.ts";
