/** A model with its vocabulary and its networks on a device, for generation. (`coinage/pipeline`, which programs import, is src/pipeline.ts.) */
import type { PredictionType } from "../diffusion/index.ts";
import type { DiffusionModel } from "../models/index.ts";
import { Networks } from "../networks/index.ts";
import type { ComputeDtype, Runtime } from "../runtime/index.ts";
import { InitImageEncoder } from "./image-to-image.ts";
import type { PromptVocabulary } from "./vocabulary.ts";

/** A model with the properties that sampling depends on. */
export interface SampledModel {
  readonly model: DiffusionModel;
  /** What the U-Net predicts. */
  readonly predictionType: PredictionType;
  /** Whether the noise schedule is rescaled to zero terminal SNR. */
  readonly hasZeroTerminalSnr?: boolean | undefined;
}

/** A model on a device, ready to generate images. Plain data: `{ ...pipeline, vocabulary }` is the same pipeline with other words. */
export interface Pipeline extends SampledModel {
  /** The words that prompts may use. */
  readonly vocabulary: PromptVocabulary;
  readonly networks: Networks;
  readonly initImages: InitImageEncoder;
}

export interface PipelineParts extends SampledModel {
  readonly vocabulary: PromptVocabulary;
  readonly runtime: Runtime;
  /** Type of matrix products in text encoders and U-Net (default: float32). The VAE always computes in float32. */
  readonly computeDtype?: ComputeDtype | undefined;
}

/** Opens a pipeline. Its networks are loaded on first use and stay until `networks.close()`; the caller closes the runtime. */
export function openPipeline({ runtime, computeDtype, ...parts }: PipelineParts): Pipeline {
  const networks = new Networks(parts.model, runtime, computeDtype ? { computeDtype } : {});
  return { ...parts, networks, initImages: new InitImageEncoder(networks) };
}
