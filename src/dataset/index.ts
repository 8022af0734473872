export { type CaptionOutcomes, captionOutcomes, type Weight } from "./captions/outcomes.ts";
export { type Replacements, replacementsFor, templateCaptions } from "./captions/templates.ts";
export { copyOfDatasetConfig, datasetConfigText } from "./config/copy.ts";
export type { DatasetKind, DatasetSettings } from "./config/keys.ts";
export type { CaptionSettings, SubsetPlan } from "./config/plan.ts";
export type { Dataset } from "./dataset.ts";
export {
  type BatchListing,
  DebugPictures,
  listEpoch,
  type SampleListing,
  type WrittenPictures,
} from "./debug.ts";
export { emptyDatasetError } from "./empty.ts";
export type { DatasetGroup } from "./group.ts";
export type { TrainingImage } from "./images/training-image.ts";
export type { CachingProgress, PictureEncoder } from "./latents/cache.ts";
export { openDataset } from "./open.ts";
export {
  type DatasetReport,
  type DatasetSummary,
  pictureMemory,
  reportOf,
  type SubsetSummary,
  settingsOf,
} from "./report.ts";
export { type TrainedCrop, trainedCropOf } from "./samples/place.ts";
export {
  batchLatents,
  batchLossMasks,
  batchPixels,
  type MicroBatch,
  type Sample,
} from "./samples/sample.ts";
export type { DatasetWarning } from "./warnings.ts";
