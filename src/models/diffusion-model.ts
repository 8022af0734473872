import {
  type ComponentConfig,
  inferText,
  inferUNet,
  inferVae,
  type TextArchitecture,
  type UNetArchitecture,
  type VaeArchitecture,
} from "./architecture.ts";
import { type WeightMap, type Weights, weightsOf } from "./weights.ts";

export type ModelFamily = "sd1" | "sd2" | "sdxl";

/** A model's networks, as a checkpoint provides them. */
export interface ModelSource {
  readonly family: ModelFamily;
  readonly unet: NetworkSource;
  readonly vae: NetworkSource;
  readonly textEncoder: NetworkSource;
  readonly textEncoder2?: NetworkSource | undefined;
}

export interface NetworkSource {
  readonly tensors: WeightMap;
  readonly config: ComponentConfig;
  /** Naming scheme of the tensors: OpenCLIP names imply OpenCLIP's activation unless a config says otherwise. */
  readonly spelling: string;
  /** Names of matrices stored transposed. */
  readonly storedTransposed: ReadonlySet<string>;
}

interface Network<Architecture> {
  readonly weights: Weights;
  readonly architecture: Architecture;
}

interface TextNetwork extends Network<TextArchitecture> {
  /** Whether the projection of pooled text is stored as W^T. */
  readonly isProjectionTransposed: boolean;
}

/** A Stable Diffusion model: its networks and their architectures. */
export interface DiffusionModel {
  readonly family: ModelFamily;
  readonly unet: Network<UNetArchitecture>;
  readonly vae: Network<VaeArchitecture>;
  /** One; two for SDXL. */
  readonly textEncoders: readonly TextNetwork[];
}

const scalingFactors: Readonly<Record<ModelFamily, number>> = { sd1: 0.18215, sd2: 0.18215, sdxl: 0.13025 };

/** Infers the architecture of every network. @throws ARCHITECTURE_UNKNOWN, CHECKPOINT_INCOMPLETE */
export function diffusionModel(source: ModelSource): DiffusionModel {
  const { family, unet, vae, textEncoder, textEncoder2 } = source;
  const textEncoders = [textNetwork("text_encoder", textEncoder, family === "sd2")];
  if (textEncoder2) textEncoders.push(textNetwork("text_encoder_2", textEncoder2, true));
  return {
    family,
    unet: { weights: weightsOf("unet", unet.tensors), architecture: inferUNet(unet.tensors, unet.config) },
    vae: {
      weights: weightsOf("vae", vae.tensors),
      architecture: inferVae(vae.tensors, vae.config, scalingFactors[family]),
    },
    textEncoders,
  };
}

function textNetwork(
  name: string,
  { tensors, config, spelling, storedTransposed }: NetworkSource,
  isOpenClip: boolean,
) {
  const activation = isOpenClip || spelling === "openclip" ? "gelu" : "quick_gelu";
  return {
    weights: weightsOf(name, tensors),
    architecture: inferText(tensors, config, activation),
    isProjectionTransposed: storedTransposed.has("text_projection.weight"),
  };
}
