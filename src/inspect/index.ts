export { inspectFile } from "./inspect.ts";
export type {
  DTypeCounts,
  EmbeddingInspection,
  Inspection,
  ModelInspection,
  PictureInspection,
  PieceInspection,
  Problem,
  TableInspection,
  UnknownInspection,
  WeightsInspection,
} from "./inspection.ts";
