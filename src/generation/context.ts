import type { PredictionType } from "../diffusion/index.ts";
import type { DiffusionModel } from "../models/index.ts";
import type { Networks } from "../networks/index.ts";
import type { ComputeDtype, Runtime } from "../runtime/index.ts";
import type { SourceEncoder } from "./source-encoder.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface GeneratorParts {
  readonly model: DiffusionModel;
  /** What the U-Net predicts. */
  readonly predictionType: PredictionType;
  /** Whether the noise schedule is rescaled to end without signal. */
  readonly hasZeroTerminalSnr?: boolean | undefined;
  /** After how many steps each time a preview is made; unset: none. */
  readonly previewEverySteps?: number | undefined;
  readonly vocabulary: Vocabulary;
  readonly runtime: Runtime;
  /** What products of text encoders and U-Net are computed in; float32 unless said. The VAE is computed in float32 in any case. */
  readonly computeDtype?: ComputeDtype;
}

/** What drawing goes by. */
export interface DrawContext extends GeneratorParts {
  readonly networks: Networks;
  readonly encoder: SourceEncoder;
}
