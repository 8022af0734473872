/** What the page knows of a run, made of what the studio has told: without a browser. */
export { slowDrawing } from "./drawing.ts";
export {
  type AskedImage,
  openView,
  type RunMessage,
  type RunSample,
  type RunView,
  type Strip,
  sampleStrips,
  takeAbout,
  takeCurves,
  takeEntry,
} from "./run-view.ts";
export { isEnough, type SharingWorker } from "./sharing.ts";
export { type Verdict, verdictOf } from "./verdict.ts";
