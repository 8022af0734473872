/** Generates images with a loaded model, from prompts to pictures, independent of the command line and of output files;
 *  src/pipeline.ts offers it to programs as `coinage/pipeline`. */
export { checkBatchSize, checkRequest, checkSampling } from "./checks.ts";
export {
  encodePrompts,
  type PromptConditioning,
  type PromptGroup,
  promptGroups,
  refuseRegions,
} from "./conditioning.ts";
export { checkMaskSize } from "./image-to-image.ts";
export { openPipeline, type Pipeline, type SampledModel } from "./pipeline.ts";
export {
  batchesOf,
  type Compatibility,
  type GenerationEvent,
  type GenerationRequest,
  type HighresFix,
  type ImageBatch,
  type ImageParameters,
  type ImageRequest,
  type InitImage,
  initImageSize,
  type Pass,
  type Sampling,
  type SamplingStepEvent,
  type SeedSource,
  type SizeConditions,
  type StartNoise,
  samplingOf,
  seedSource,
  type WeightNormalization,
} from "./request.ts";
export { generateBatch, generateImages, sampleLatents } from "./text-to-image.ts";
export {
  callableName,
  embeddingTarget,
  type NamedEmbedding,
  type PromptVocabulary,
  plainVocabulary,
  whyNotWritable,
  withEmbeddings,
  withEmbeddingValues,
} from "./vocabulary.ts";
