export type {
  Checkpoint,
  Component,
  ComponentName,
  Decided,
  Family,
  PredictionType,
  Spelling,
  UNetInputs,
} from "./checkpoint.ts";
export { isFile, isFolder } from "./component-files.ts";
export { familyNames } from "./family.ts";
export { type FolderPurpose, filesToOpen, missingFiles } from "./folder-files.ts";
export type { ModelSurvey } from "./found-model.ts";
export { type OpenOptions, openCheckpoint, openVae, surveyCheckpoint } from "./open.ts";
export { withOpenFile } from "./open-file.ts";
export { piecesOfFolder, piecesOfNames } from "./pieces.ts";
export { type FileKind, type Kind, recognizeNames } from "./recognize.ts";
export { readStoredArray, reshaped, rowsOf } from "./stored.ts";
export {
  type Container,
  containerOf,
  foreignKind,
  hintOfForeign,
  readSafetensorsFile,
  readWeightFile,
  type WeightFile,
} from "./weight-file.ts";
