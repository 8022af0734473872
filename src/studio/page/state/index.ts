/** The page's state of a run, computed from the studio's answers and events without browser APIs. */
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
