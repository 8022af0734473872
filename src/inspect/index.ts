export { inspectFile } from "./inspect.ts";
export type {
  About,
  ArrayInspection,
  ArraysInspection,
  DTypeCounts,
  EmbeddingInspection,
  Inspection,
  ModelInspection,
  PictureInspection,
  PieceInspection,
  Problem,
  TableInspection,
  TrainingStateInspection,
  UnknownInspection,
  WeightsInspection,
} from "./inspection.ts";
