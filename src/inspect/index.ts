export { inspectFile } from "./inspect.ts";
export type {
  About,
  ArrayInspection,
  ArraysInspection,
  ComponentInspection,
  DTypeCounts,
  EmbeddingInspection,
  Inspection,
  ModelInspection,
  PictureInspection,
  Problem,
  TableInspection,
  TrainingStateInspection,
  UnknownInspection,
  WeightsInspection,
} from "./inspection.ts";
