export {
  Networks,
  type TextConditioning,
  type UNetConditioning,
  unetOutputs,
  vaeDecoderOutputs,
  vaeEncoderOutputs,
} from "./networks.ts";
export {
  decodeImages,
  distributionOf,
  encodeImages,
  imagesAtOnce,
  type LatentDistribution,
  sampleDistribution,
  type VaeShares,
} from "./vae.ts";
