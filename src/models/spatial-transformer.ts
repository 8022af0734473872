import {
  add,
  attention,
  geglu,
  multiplyDims,
  reshape,
  reshapeLike,
  type Stage,
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
  /** How a block is built: see UNetOptions. */
  readonly stage: Stage;
}

/** Attention over the pixels of x [B, C, H, W], each seeing the others and the text. context: [B, T, D]. */
export function spatialTransformer(
  x: Tensor,
  context: Tensor,
  weights: Weights,
  { depth, heads, groups, stage }: TransformerSettings,
): Tensor {
  let tokens = toTokens(groupNormLayer(x, weights.part("norm"), groups, groupNormEps));
  tokens = linearLayer(tokens, weights.part("proj_in"));
  for (let i = 0; i < depth; i++) {
    const part = weights.part(`transformer_blocks.${i}`);
    tokens = stage([tokens, context], ([tokens, context]) => transformerBlock(tokens!, context!, part, heads));
  }
  tokens = linearLayer(tokens, weights.part("proj_out"));
  return add(toMap(tokens, x), x);
}

/** Pixels as tokens: [B, C, H, W] to [B, H W, C]. */
export function toTokens(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape;
  return transpose(reshape(x, [batch!, channels!, multiplyDims(height!, width!)]), [0, 2, 1]);
}

/** Tokens as pixels of a map shaped like `model`. */
export function toMap(tokens: Tensor, model: Tensor): Tensor {
  return reshapeLike(transpose(tokens, [0, 2, 1]), model);
}

function transformerBlock(tokens: Tensor, context: Tensor, weights: Weights, heads: number): Tensor {
  const normalized = (x: Tensor, name: string) => layerNormLayer(x, weights.part(name), layerNormEps);
  const first = normalized(tokens, "norm1");
  const seen = add(attentionLayer(first, first, weights.part("attn1"), heads), tokens);
  const read = add(attentionLayer(normalized(seen, "norm2"), context, weights.part("attn2"), heads), seen);
  return add(feedForward(normalized(read, "norm3"), weights.part("ff")), read);
}

/** Queries from x, keys and values from `source`; names as in Diffusers' attention module. */
export function attentionLayer(x: Tensor, source: Tensor, weights: Weights, heads: number): Tensor {
  const [q, k, v] = [
    linearLayer(x, weights.part("to_q")),
    linearLayer(source, weights.part("to_k")),
    linearLayer(source, weights.part("to_v")),
  ];
  return linearLayer(attention(q, k, v, { heads }), weights.part("to_out.0"));
}

/** Works on rows: the widened tokens have no shape to be read off otherwise. */
function feedForward(x: Tensor, weights: Weights): Tensor {
  const [batch, tokens, width] = x.shape;
  const rows = reshape(x, [multiplyDims(batch!, tokens!), width!]);
  const widened = geglu(linearLayer(rows, weights.part("net.0.proj")));
  return reshapeLike(linearLayer(widened, weights.part("net.2")), x);
}
