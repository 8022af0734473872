import { type ComponentConfig, configNumber, countParts, normGroups, shapeIn } from "./architecture.ts";
import type { WeightMap } from "./weights.ts";

export interface VaeArchitecture {
  readonly widths: readonly number[];
  /** Residual blocks a level of the encoder; the decoder has one more. */
  readonly resnets: number;
  readonly latentChannels: number;
  readonly hasAttention: boolean;
  readonly groups: number;
  /** Pixels to one latent along each side. */
  readonly factor: number;
  /** Factor from latents as encoded to latents as the U-Net knows them. */
  readonly scalingFactor: number;
}

/** Deduces a VAE's architecture; groups and scaling factor from the config where there is one. @throws ARCHITECTURE_UNKNOWN, CHECKPOINT_INCOMPLETE */
export function inferVae(weights: WeightMap, config: ComponentConfig, defaultScalingFactor: number): VaeArchitecture {
  const levels = countParts(weights, "encoder.down_blocks.");
  const widths = Array.from(
    { length: levels },
    (_, i) => shapeIn(weights, `encoder.down_blocks.${i}.resnets.0.conv1.weight`)[0]!,
  );
  return {
    widths,
    resnets: countParts(weights, "encoder.down_blocks.0.resnets."),
    latentChannels: shapeIn(weights, "decoder.conv_in.weight")[1]!,
    hasAttention: countParts(weights, "decoder.mid_block.attentions.") > 0,
    groups: normGroups(config, widths),
    factor: 2 ** (levels - 1),
    scalingFactor: configNumber(config, "scaling_factor") ?? defaultScalingFactor,
  };
}
