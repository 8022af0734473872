/** What generating needs: a model, its vocabulary and its networks on a device. `coinage/pipeline`, which programs import, is src/pipeline.ts. */
import type { PredictionType } from "../diffusion/index.ts";
import type { DiffusionModel } from "../models/index.ts";
import { Networks } from "../networks/index.ts";
import type { ComputeDtype, Runtime } from "../runtime/index.ts";
import { InitImageEncoder } from "./image-to-image.ts";
import type { PromptVocabulary } from "./vocabulary.ts";

/** A model, and what sampling from it depends on. */
export interface SampledModel {
  readonly model: DiffusionModel;
  /** What the U-Net predicts. */
  readonly predictionType: PredictionType;
  /** Whether the noise schedule is rescaled to end without signal. */
  readonly hasZeroTerminalSnr?: boolean | undefined;
}

/** A model on a device, ready to generate images. Plain data: `{ ...pipeline, vocabulary }` is the same one with other words. */
export interface Pipeline extends SampledModel {
  /** The words that prompts may use. */
  readonly vocabulary: PromptVocabulary;
  readonly networks: Networks;
  readonly initImages: InitImageEncoder;
}

export interface PipelineParts extends SampledModel {
  readonly vocabulary: PromptVocabulary;
  readonly runtime: Runtime;
  /** What matrix products of text encoders and U-Net are computed in; float32 unless set. The VAE is computed in float32 in any case. */
  readonly computeDtype?: ComputeDtype | undefined;
}

/** Opens a pipeline. Its networks are loaded when they are first needed and stay until `networks.close()`; the runtime is the caller's. */
export function openPipeline({ runtime, computeDtype, ...parts }: PipelineParts): Pipeline {
  const networks = new Networks(parts.model, runtime, computeDtype ? { computeDtype } : {});
  return { ...parts, networks, initImages: new InitImageEncoder(networks) };
}
