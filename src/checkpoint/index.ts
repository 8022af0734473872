export type {
  Checkpoint,
  Component,
  ComponentName,
  Decided,
  Family,
  OpenOptions,
  UNetInputKind,
} from "./checkpoint.ts";
export { familyNames } from "./detect.ts";
export { fingerprint } from "./fingerprint.ts";
export { type FolderPurpose, filesToOpen, missingFiles } from "./folder-files.ts";
export { isFile, isFolder } from "./folder-weights.ts";
export { type ModelSurvey, openCheckpoint, surveyCheckpoint } from "./open.ts";
export { componentsOfFolder, componentsOfNames, recognizeNames } from "./recognize.ts";
export { readStoredArray, rowsOf, withOpenFile } from "./stored.ts";
export { tokenBlocks, tokenRows, tokenTables, usualLength } from "./token-tables.ts";
export {
  type Container,
  containerOf,
  foreignKind,
  hintOfForeign,
  readSafetensorsFile,
  readWeightFile,
  type WeightFile,
} from "./weight-file.ts";
