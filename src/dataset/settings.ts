import type { Size } from "../pictures/index.ts";

/** The settings of a run that the dataset looks at: flags of sd-scripts in camelCase, all of them optional.
 *  They are the last resort for every value that a dataset config does not give. */
export interface DatasetSettings {
  readonly datasetConfig?: string | undefined;
  readonly trainDataDir?: string | undefined;
  /** Folder of pictures that is taken as it is. */
  readonly imageDir?: string | undefined;
  readonly regDataDir?: string | undefined;
  readonly inJson?: string | undefined;

  readonly resolution?: Size | undefined;
  readonly trainBatchSize?: number | undefined;
  readonly enableBucket?: boolean | undefined;
  readonly minBucketReso?: number | undefined;
  readonly maxBucketReso?: number | undefined;
  readonly bucketResoSteps?: number | undefined;
  readonly bucketNoUpscale?: boolean | undefined;
  readonly resizeInterpolation?: string | undefined;
  readonly validationSplit?: number | undefined;
  readonly validationSeed?: number | undefined;

  readonly datasetRepeats?: number | undefined;
  readonly cacheInfo?: boolean | undefined;
  readonly colorAug?: boolean | undefined;
  readonly flipAug?: boolean | undefined;
  readonly randomCrop?: boolean | undefined;
  readonly faceCropAugRange?: readonly [low: number, high: number] | undefined;
  readonly alphaMask?: boolean | undefined;
  readonly alphaBackground?: string | undefined;
  readonly exifTranspose?: boolean | undefined;
  readonly maskedLoss?: boolean | undefined;
  readonly priorLossWeight?: number | undefined;

  /** The new word: the caption of pictures in `imageDir` that have none of their own. */
  readonly tokenString?: string | undefined;
  readonly classTokens?: string | undefined;
  readonly captionExtension?: string | undefined;
  readonly captionSeparator?: string | undefined;
  readonly captionPrefix?: string | undefined;
  readonly captionSuffix?: string | undefined;
  readonly shuffleCaption?: boolean | undefined;
  readonly enableWildcard?: boolean | undefined;
  readonly keepTokens?: number | undefined;
  readonly keepTokensSeparator?: string | undefined;
  readonly secondarySeparator?: string | undefined;
  readonly tokenWarmupMin?: number | undefined;
  readonly tokenWarmupStep?: number | undefined;
  /** Caption dropout is no flag of Textual Inversion and no key of its dataset config, but a settings file may hold it. */
  readonly captionDropoutRate?: number | undefined;
  readonly captionDropoutEveryNEpochs?: number | undefined;
  readonly captionTagDropoutRate?: number | undefined;

  readonly cacheLatents?: boolean | undefined;
  readonly cacheLatentsToDisk?: boolean | undefined;
  readonly skipCacheCheck?: boolean | undefined;
  readonly vaeBatchSize?: number | undefined;

  /** Captions are not used then. */
  readonly useObjectTemplate?: boolean | undefined;
  readonly useStyleTemplate?: boolean | undefined;
}
