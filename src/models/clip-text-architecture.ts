import { type ComponentConfig, configNumber, countParts, shapeIn, unknownArchitecture } from "./architecture.ts";
import type { WeightMap } from "./weights.ts";

export interface TextArchitecture {
  readonly vocabularySize: number;
  readonly width: number;
  /** Length of a chunk. */
  readonly positions: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: "quick_gelu" | "gelu";
  readonly eps: number;
}

/** Deduces a text encoder's architecture; heads, activation and eps from the config where there is one.
 *  defaultActivation: quick_gelu for OpenAI's encoders, gelu for OpenCLIP's. @throws ARCHITECTURE_UNKNOWN, CHECKPOINT_INCOMPLETE */
export function inferText(
  weights: WeightMap,
  config: ComponentConfig,
  defaultActivation: TextArchitecture["activation"],
): TextArchitecture {
  const [vocabularySize, width] = shapeIn(weights, "text_model.embeddings.token_embedding.weight") as [number, number];
  const heads = configNumber(config, "num_attention_heads") ?? width / 64;
  if (!Number.isInteger(heads) || heads <= 0 || width % heads !== 0)
    throw unknownArchitecture(`the number of attention heads of a text encoder of width ${width} is not stated`);
  const activation = config?.hidden_act ?? defaultActivation;
  if (activation !== "quick_gelu" && activation !== "gelu")
    throw unknownArchitecture(
      `the activation ${typeof activation === "string" ? `"${activation}"` : "stated"} of the text encoder is not known`,
    );
  return {
    vocabularySize,
    width,
    positions: shapeIn(weights, "text_model.embeddings.position_embedding.weight")[0]!,
    layers: countParts(weights, "text_model.encoder.layers."),
    heads,
    activation,
    eps: configNumber(config, "layer_norm_eps") ?? 1e-5,
  };
}
