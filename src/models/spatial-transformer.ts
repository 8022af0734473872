import {
  add,
  attention,
  type CheckpointPolicy,
  geglu,
  multiplyDims,
  reshape,
  reshapeLike,
  type Tensor,
  transpose,
} from "../graph/index.ts";
import { groupNormLayer, layerNormLayer, linearLayer } from "./layers.ts";
import type { Weights } from "./weights.ts";

const groupNormEps = 1e-6;
const layerNormEps = 1e-5;

export interface TransformerSettings {
  readonly depth: number;
  readonly heads: number;
  readonly groups: number;
  /** See UNetOptions. */
  readonly policy: CheckpointPolicy;
}

/** Transformer over the pixels of x [B, C, H, W], with self-attention and cross-attention to the text. encoderHiddenStates: [B, T, D].
 *  Source: diffusers `models/transformers/transformer_2d.py` Transformer2DModel. */
export function spatialTransformer(
  x: Tensor,
  encoderHiddenStates: Tensor,
  weights: Weights,
  { depth, heads, groups, policy }: TransformerSettings,
): Tensor {
  const begin = (x: Tensor) =>
    linearLayer(toTokens(groupNormLayer(x, weights.part("norm"), groups, groupNormEps)), weights.part("proj_in"));
  let tokens = x;
  for (let i = 0; i < depth; i++) {
    const part = weights.part(`transformer_blocks.${i}`);
    tokens = policy.segment([tokens, encoderHiddenStates], ([x, encoderHiddenStates]) =>
      transformerBlock(i === 0 ? begin(x!) : x!, encoderHiddenStates!, part, heads, policy),
    );
  }
  tokens = linearLayer(tokens, weights.part("proj_out"));
  return add(toPixels(tokens, x), x);
}

/** Pixels as tokens: [B, C, H, W] to [B, H W, C]. */
export function toTokens(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape;
  return transpose(reshape(x, [batch!, channels!, multiplyDims(height!, width!)]), [0, 2, 1]);
}

/** Tokens as pixels again, in the shape of `target`. */
export function toPixels(tokens: Tensor, target: Tensor): Tensor {
  return reshapeLike(transpose(tokens, [0, 2, 1]), target);
}

function transformerBlock(
  tokens: Tensor,
  encoderHiddenStates: Tensor,
  weights: Weights,
  heads: number,
  policy: CheckpointPolicy,
): Tensor {
  const normalized = (x: Tensor, name: string) => layerNormLayer(x, weights.part(name), layerNormEps);
  const first = normalized(tokens, "norm1");
  const attended = add(attentionLayer(first, first, weights.part("attn1"), heads), tokens);
  const crossed = add(
    attentionLayer(normalized(attended, "norm2"), encoderHiddenStates, weights.part("attn2"), heads),
    attended,
  );
  const [batch, length, width] = crossed.shape;
  // as rows: no other tensor has the shape of the widened tokens, so it could not be read from one
  const rows = reshape(crossed, [multiplyDims(batch!, length!), width!]);
  const fed = policy.rows(rows, (rows) => feedForward(normalized(rows, "norm3"), weights.part("ff")));
  return add(reshapeLike(fed, crossed), crossed);
}

/** Queries from x, keys and values from `source`. */
export function attentionLayer(x: Tensor, source: Tensor, weights: Weights, heads: number): Tensor {
  const [q, k, v] = [
    linearLayer(x, weights.part("to_q")),
    linearLayer(source, weights.part("to_k")),
    linearLayer(source, weights.part("to_v")),
  ];
  return linearLayer(attention(q, k, v, { heads }), weights.part("to_out.0"));
}

function feedForward(rows: Tensor, weights: Weights): Tensor {
  return linearLayer(geglu(linearLayer(rows, weights.part("net.0.proj"))), weights.part("net.2"));
}
