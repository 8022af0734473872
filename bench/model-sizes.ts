/** Sizes of a Stable Diffusion model, and the values in the configs of its Diffusers folder. */
export interface ModelSizes {
  readonly pipeline: "StableDiffusionPipeline" | "StableDiffusionXLPipeline";
  readonly dtype: "F32" | "F16";
  readonly predictionType: "epsilon" | "v_prediction";
  readonly unet: UNetSizes;
  readonly textEncoders: readonly TextSizes[];
  readonly vaeChannels: readonly number[];
  readonly scalingFactor: number;
}

export interface UNetSizes {
  /** Channels per level, from full resolution down. */
  readonly blockOutChannels: readonly number[];
  /** Transformer blocks per level; 0 without attention. The middle is as deep as the smallest level, or 1. */
  readonly transformerLayers: readonly number[];
  /** Heads per level, which configs call `attention_head_dim`. */
  readonly heads: readonly number[];
  readonly crossAttentionDim: number;
  readonly hasLinearProjections: boolean;
  /** SDXL: width of the pooled text with the six sizes in 256 numbers each. */
  readonly additionWidth?: number;
}

export interface TextSizes {
  readonly width: number;
  readonly layers: number;
  readonly activation: "quick_gelu" | "gelu";
  readonly hasProjection?: boolean;
}

const vaeChannels = [128, 256, 512, 512];
const openAi: TextSizes = { width: 768, layers: 12, activation: "quick_gelu" };

export type SizedModel = "sd1.5" | "sd2" | "sdxl";

export const modelSizes: Readonly<Record<SizedModel, ModelSizes>> = {
  // 4.3 GB
  "sd1.5": {
    pipeline: "StableDiffusionPipeline",
    dtype: "F32",
    predictionType: "epsilon",
    unet: {
      blockOutChannels: [320, 640, 1280, 1280],
      transformerLayers: [1, 1, 1, 0],
      heads: [8, 8, 8, 8],
      crossAttentionDim: 768,
      hasLinearProjections: false,
    },
    textEncoders: [openAi],
    vaeChannels,
    scalingFactor: 0.18215,
  },
  // 2.1 with 768x768 pixels; 2.6 GB
  sd2: {
    pipeline: "StableDiffusionPipeline",
    dtype: "F16",
    predictionType: "v_prediction",
    unet: {
      blockOutChannels: [320, 640, 1280, 1280],
      transformerLayers: [1, 1, 1, 0],
      heads: [5, 10, 20, 20],
      crossAttentionDim: 1024,
      hasLinearProjections: true,
    },
    textEncoders: [{ width: 1024, layers: 23, activation: "gelu" }],
    vaeChannels,
    scalingFactor: 0.18215,
  },
  // base 1.0; 6.9 GB
  sdxl: {
    pipeline: "StableDiffusionXLPipeline",
    dtype: "F16",
    predictionType: "epsilon",
    unet: {
      blockOutChannels: [320, 640, 1280],
      transformerLayers: [0, 2, 10],
      heads: [5, 10, 20],
      crossAttentionDim: 2048,
      hasLinearProjections: true,
      additionWidth: 1280 + 6 * 256,
    },
    textEncoders: [openAi, { width: 1280, layers: 32, activation: "gelu", hasProjection: true }],
    vaeChannels,
    scalingFactor: 0.13025,
  },
};
