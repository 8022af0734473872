import {
  add,
  attention,
  concat,
  gelu,
  lookup,
  matmul,
  multiply,
  multiplyDims,
  quickGelu,
  reduceSum,
  reshape,
  reshapeLike,
  scalar,
  slice,
  subtract,
  type Tensor,
  toFloat32,
} from "../graph/index.ts";
import type { TextArchitecture } from "./architecture.ts";
import { layerNormLayer, linearLayer } from "./layers.ts";
import type { Weights } from "./weights.ts";

export interface TextInputs {
  /** Chunks of 77 ids: [chunks x B, 77] int64. At placeholder tokens any id of the table will do: those rows are replaced. */
  readonly tokenIds: Tensor;
  readonly learned?: LearnedEmbeddings;
}

interface LearnedEmbeddings {
  /** [vectors, width] */
  readonly embeddings: Tensor;
  /** One-hot rows that assign a learned embedding to a position, else zero: [chunks x B, 77, vectors]. */
  readonly selection: Tensor;
}

export interface ClipOutputs {
  /** The embedding of each position, learned ones inserted: [chunks x B, 77, width]. Training takes the gradient here. */
  readonly tokenEmbedding: Tensor;
  /** h[0] (with positions added) .. h[N], before the final norm. */
  readonly hidden: readonly Tensor[];
  /** Applies the final norm to a hidden state. */
  readonly finalNorm: (state: Tensor) => Tensor;
}

/** A CLIP text encoder. Attention is causal; padding is not masked. Source: Radford 2021, "Learning Transferable Visual Models From Natural Language Supervision";
 *  transformers `models/clip/modeling_clip.py` CLIPTextTransformer. */
export function clipText(weights: Weights, architecture: TextArchitecture, inputs: TextInputs): ClipOutputs {
  const model = weights.part("text_model");
  const tokenEmbedding = embedTokens(model, inputs);
  let x = add(tokenEmbedding, model.get("embeddings.position_embedding.weight"));
  const hidden = [x];
  for (let layer = 0; layer < architecture.layers; layer++) {
    x = encoderLayer(x, model.part(`encoder.layers.${layer}`), architecture);
    hidden.push(x);
  }
  const finalNorm = (state: Tensor) => layerNormLayer(state, model.part("final_layer_norm"), architecture.eps);
  return { tokenEmbedding, hidden, finalNorm };
}

/** Looks up frozen rows in the stored table and inserts learned ones by a selection matrix, so the table is never copied or enlarged. */
function embedTokens(model: Weights, { tokenIds, learned }: TextInputs): Tensor {
  const frozen = toFloat32(lookup(model.raw("embeddings.token_embedding.weight"), tokenIds));
  if (!learned) return frozen;
  const isFrozen = subtract(scalar(1), reduceSum(learned.selection, [2], true));
  return add(multiply(frozen, isFrozen), matmul(learned.selection, learned.embeddings));
}

function encoderLayer(x: Tensor, weights: Weights, { heads, eps, activation }: TextArchitecture): Tensor {
  const normalized = layerNormLayer(x, weights.part("layer_norm1"), eps);
  const project = (name: string) => linearLayer(normalized, weights.part(`self_attn.${name}`));
  const mixed = attention(project("q_proj"), project("k_proj"), project("v_proj"), { heads, isCausal: true });
  const seen = add(x, linearLayer(mixed, weights.part("self_attn.out_proj")));
  const [batch, tokens, width] = seen.shape;
  const rows = reshape(layerNormLayer(seen, weights.part("layer_norm2"), eps), [multiplyDims(batch!, tokens!), width!]);
  const widened = linearLayer(rows, weights.part("mlp.fc1"));
  const activated = activation === "quick_gelu" ? quickGelu(widened) : gelu(widened);
  return add(seen, reshapeLike(linearLayer(activated, weights.part("mlp.fc2")), seen));
}

/** How hidden states of a text's chunks become one sequence: "trimmed" keeps the first BOS, 75 tokens per chunk and the last EOS (training);
 *  "whole" keeps every BOS and EOS (generation). */
export type ChunkJoining = "trimmed" | "whole";

/** Joins the hidden states of chunks. states: [chunks x B, 77, width], chunk after chunk of each text; result [B, 75 chunks + 2 or 77 chunks, width]. */
export function joinChunks(states: Tensor, chunks: number, joining: ChunkJoining): Tensor {
  if (chunks === 1) return states;
  const [texts, length, width] = states.shape as readonly [Tensor["shape"][0], number, number];
  const sequence = reshape(states, [multiplyDims(1 / chunks, texts!), chunks * length, width]);
  if (joining === "whole") return sequence;
  const total = chunks * length;
  const tokens = Array.from({ length: chunks }, (_, i) => slice(sequence, 1, i * length + 1, (i + 1) * length - 1));
  return concat([slice(sequence, 1, 0, 1), ...tokens, slice(sequence, 1, total - 1, total)], 1);
}

/** SDXL's pooled text: the last hidden state after the final norm at one position, projected. selection: [B, 1, 77 chunks], 1 at the first EOS of the first chunk.
 *  projection: W of y = x W^T; isTransposed: the file holds W^T. */
export function pooledText(
  { hidden, finalNorm }: ClipOutputs,
  chunks: number,
  selection: Tensor,
  projection: Tensor,
  isTransposed: boolean,
): Tensor {
  const sequence = joinChunks(finalNorm(hidden.at(-1)!), chunks, "whole");
  const [batch, , width] = sequence.shape;
  const state = reshape(matmul(selection, sequence), [batch!, width!]);
  return matmul(state, projection, { transposeB: !isTransposed });
}
