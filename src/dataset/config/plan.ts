import type { Colour, Interpolation, Size } from "../../pictures/index.ts";
import type { DatasetKind } from "./schema.ts";

/** A dataset as configured: every value settled, nothing read from disk yet. */
export interface DatasetPlan {
  readonly kind: DatasetKind;
  readonly resolution: Size;
  readonly batchSize: number;
  readonly enableBucket: boolean;
  readonly minBucketReso: number;
  readonly maxBucketReso: number;
  readonly bucketResoSteps: number;
  readonly bucketNoUpscale: boolean;
  readonly resizeInterpolation: Interpolation | undefined;
  readonly networkMultiplier: number;
  readonly validationSplit: number;
  readonly validationSeed: number | undefined;
  /** Loss weight of regularisation pictures. */
  readonly priorLossWeight: number;
  readonly subsets: readonly SubsetPlan[];
}

/** A folder of pictures or a metadata file, with the settings for its captions and pictures. */
export interface SubsetPlan {
  /** Folder of the pictures; optional with a metadata file. */
  readonly imageDir: string | undefined;
  readonly metadataFile: string | undefined;
  /** Folder of the masks. */
  readonly conditioningDataDir: string | undefined;
  readonly isReg: boolean;
  readonly alphaMask: boolean;
  /** What transparent pixels are laid on. */
  readonly alphaBackground: Colour | undefined;
  /** Whether pictures and masks are turned upright as EXIF says. */
  readonly exifTranspose: boolean;
  readonly captionExtension: string;
  /** The caption of pictures without a caption file. */
  readonly classTokens: string | undefined;
  readonly cacheInfo: boolean;
  readonly numRepeats: number;
  readonly captions: CaptionSettings;
  readonly colorAug: boolean;
  readonly flipAug: boolean;
  readonly randomCrop: boolean;
  readonly faceCropAugRange: readonly [low: number, high: number] | undefined;
  readonly resizeInterpolation: Interpolation | undefined;
  readonly customAttributes: Readonly<Record<string, unknown>> | undefined;
}

/** How captions are changed each time they are drawn. */
export interface CaptionSettings {
  readonly captionPrefix: string | undefined;
  readonly captionSuffix: string | undefined;
  readonly captionSeparator: string;
  readonly secondarySeparator: string | undefined;
  readonly keepTokens: number;
  readonly keepTokensSeparator: string;
  readonly shuffleCaption: boolean;
  readonly enableWildcard: boolean;
  readonly tokenWarmupMin: number;
  /** Below 1: a share of all steps. */
  readonly tokenWarmupStep: number;
  readonly captionDropoutRate: number;
  readonly captionDropoutEveryNEpochs: number;
  readonly captionTagDropoutRate: number;
}

/** SDXL has a VAE of its own, so its latents are kept apart. */
export type LatentFamily = "sd" | "sdxl";

/** How the latents of a run are cached. */
export interface LatentCaching {
  readonly family: LatentFamily;
  readonly vaeBatchSize: number;
  /** Keep latents in files beside the pictures. */
  readonly toDisk: boolean;
  /** Trust files by their name. */
  readonly skipCheck: boolean;
}
