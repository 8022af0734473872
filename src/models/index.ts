export type { ComponentConfig } from "./architecture.ts";
export {
  inferText,
  inferUNet,
  inferVae,
  type TextArchitecture,
  type UNetArchitecture,
  type VaeArchitecture,
} from "./architecture.ts";
export {
  type ChunkJoining,
  clipText,
  joinChunks,
  type LearnedEmbeddings,
  pooledText,
  type TextStates,
} from "./clip-text.ts";
export {
  type Conditioning,
  type ConditioningOptions,
  checkClipSkip,
  conditioning,
  firstPlaceholderId,
  type TokenIds,
  textFeeds,
} from "./conditioning.ts";
export { layerContexts, xtiLayers } from "./cross-attention.ts";
export {
  type DiffusionModel,
  diffusionModel,
  type ModelFamily,
  type ModelSource,
  type Network,
  type NetworkSource,
  type TextNetwork,
} from "./diffusion-model.ts";
export { type UNetInputs, type UNetOutputs, unet } from "./unet.ts";
export { type DecodedImages, type Posterior, vaeBands, vaeDecoder, vaeEncoder } from "./vae.ts";
export { type WeightMap, type Weights, weightsOf } from "./weights.ts";
