export { inferText, type VaeArchitecture } from "./architecture.ts";
export type { ChunkJoining } from "./clip-text.ts";
export {
  type Conditioning,
  checkClipSkip,
  conditioning,
  firstPlaceholderId,
  lastHiddenStates,
  type TokenIds,
  textFeeds,
} from "./conditioning.ts";
export { hiddenStatesOfLayers, xtiLayers } from "./cross-attention.ts";
export { type DiffusionModel, diffusionModel, type ModelFamily, type NetworkSource } from "./diffusion-model.ts";
export { unet } from "./unet.ts";
export { vaeBands, vaeDecoder, vaeEncoder } from "./vae.ts";
export { weightsOf } from "./weights.ts";
