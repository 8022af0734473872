import { nominalDim } from "../dims.ts";
import { constant, differentiable, node, scalar, type Tensor } from "../tensor.ts";
import { softmax } from "./activations.ts";
import { add, multiply, negate } from "./elementwise.ts";
import { matmul } from "./linear.ts";
import { zeroAfter } from "./optimization-barrier.ts";
import { reduceSum } from "./reduce.ts";
import { concat, join, pad, reshape, slice, splitRows, transpose } from "./reshape.ts";

export interface AttentionOptions {
  readonly heads: number;
  /** Scale of the scores; by default headWidth ^ -0.5. */
  readonly factor?: number;
  /** Each position attends to itself and to earlier ones. Needs a fixed number of tokens. */
  readonly isCausal?: boolean;
}

/** Scores of one sample per block of the gradient, at typical sizes. */
const blockScores = 1 << 23;

/** Multi-head attention. q: [B, S, C], k, v: [B, T, C], heads are consecutive channels; result [B, S, C].
 *  No S x T matrix is kept: the gradient recomputes the probabilities block by block. */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  const { heads, isCausal = false } = options;
  const headWidth = (q.shape[2] as number) / heads;
  const factor = options.factor ?? headWidth ** -0.5;
  const mask = isCausal ? causalMask(q.shape[1] as number) : undefined;
  const y = node("MultiHeadAttention", [q, k, v, undefined, undefined, mask], q.shape, {
    domain: "com.microsoft",
    attributes: { num_heads: heads, scale: { float: factor } },
  });
  return differentiable(y, [q, k, v], (upstream, isNeeded) =>
    attentionGradient({ q, k, v, y, upstream, heads, factor, mask }, isNeeded),
  );
}

function causalMask(tokens: number): Tensor {
  const data = new Float32Array(tokens * tokens);
  for (let row = 0; row < tokens; row++) data.fill(-1e4, row * tokens + row + 1, (row + 1) * tokens);
  return constant({ dtype: "float32", shape: [1, 1, tokens, tokens], data });
}

interface GradientParts {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly y: Tensor;
  readonly upstream: Tensor;
  readonly heads: number;
  readonly factor: number;
  readonly mask: Tensor | undefined;
}

interface BlockGradients {
  readonly dq: Tensor | undefined;
  readonly dk: Tensor | undefined;
  readonly dv: Tensor | undefined;
}

/** With P the probabilities: dV = P^T dY, dS = P * (dY V^T - D), dQ = f dS K, dK = f dS^T Q, where D = rowsum(dY * Y)
 *  (Dao 2022, "FlashAttention", appendix B.2). D is computed as an extra column of dY against a column of ones in V. */
function attentionGradient(parts: GradientParts, isNeeded: (index: number) => boolean): (Tensor | undefined)[] {
  const { q, k, v, y, upstream, heads, mask } = parts;
  const queries = splitHeads(q, heads);
  const keys = splitHeads(k, heads);
  const values = pad(splitHeads(v, heads), 3, 0, 1, scalar(1));
  const dy = concat([splitHeads(upstream, heads), negate(rowSums(multiply(upstream, y), heads))], 3);
  const [queryBlocks, dyBlocks] = [blocksOf(queries, keys, mask), blocksOf(dy, keys, mask)];

  const dqBlocks: Tensor[] = [];
  let sums: BlockGradients | undefined;
  for (const [i, queryBlock] of queryBlocks.entries()) {
    // each block waits for the one before, or the runtime would hold the scores of all blocks at once
    const after = sums && zeroAfter([sums.dq, sums.dk, sums.dv]);
    const delayed = (tensor: Tensor) => (after ? add(tensor, after) : tensor);
    const block = blockGradients(delayed(queryBlock), delayed(dyBlocks[i]!), keys, values, parts, isNeeded);
    if (block.dq) dqBlocks.push(block.dq);
    sums = { dq: block.dq, dk: sum(sums?.dk, block.dk), dv: sum(sums?.dv, block.dv) };
  }
  const dq = dqBlocks.length > 0 ? join(dqBlocks, 2, queries.shape[2]!) : undefined;
  const dv = sums?.dv && slice(sums.dv, 3, 0, Number(values.shape[3]) - 1);
  return [dq && joinHeads(dq, q), sums?.dk && joinHeads(sums.dk, k), dv && joinHeads(dv, v)];
}

/** Attention in separate operators, blocks of queries one after another, for devices without a correct kernel for it. */
export function attentionInBlocks(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | undefined,
  heads: number,
  factor: number,
): Tensor {
  const queries = splitHeads(q, heads);
  const [keys, values] = [splitHeads(k, heads), splitHeads(v, heads)];
  const outputs: Tensor[] = [];
  for (const block of blocksOf(queries, keys, mask)) {
    const previous = outputs.at(-1);
    const begun = previous ? add(block, zeroAfter([previous])) : block;
    const scores = matmul(begun, keys, { transposeB: true, factor });
    outputs.push(matmul(softmax(mask ? add(scores, mask) : scores), values));
  }
  return joinHeads(join(outputs, 2, queries.shape[2]!), q);
}

/** Blocks of queries, or of tensors with the same rows: [B, heads, rows, width] for keys [B, heads, T, width]. With a mask there is one block. */
function blocksOf(queries: Tensor, { shape: [, heads, length] }: Tensor, mask: Tensor | undefined): Tensor[] {
  if (mask) return [queries];
  return splitRows(queries, 2, Math.ceil(blockScores / (nominalDim(heads!) * nominalDim(length!))));
}

function blockGradients(
  q: Tensor,
  dyAndSums: Tensor,
  keys: Tensor,
  valuesAndOnes: Tensor,
  { factor, mask }: GradientParts,
  isNeeded: (index: number) => boolean,
): BlockGradients {
  const scores = matmul(q, keys, { transposeB: true, factor });
  const p = softmax(mask ? add(scores, mask) : scores);
  const needsScores = isNeeded(0) || isNeeded(1);
  const dScores = needsScores ? multiply(p, matmul(dyAndSums, valuesAndOnes, { transposeB: true })) : undefined;
  return {
    dq: dScores && isNeeded(0) ? matmul(dScores, keys, { factor }) : undefined,
    dk: dScores && isNeeded(1) ? matmul(dScores, q, { transposeA: true, factor }) : undefined,
    dv: isNeeded(2) ? matmul(p, dyAndSums, { transposeA: true }) : undefined,
  };
}

/** [B, S, heads * width] as [B, heads, S, width]. */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, tokens, width] = x.shape;
  return transpose(reshape(x, [batch!, tokens!, heads, Number(width) / heads]), [0, 2, 1, 3]);
}

/** [B, heads, S, width] as [B, S, heads * width], the shape of `model`. */
function joinHeads(x: Tensor, model: Tensor): Tensor {
  return reshape(transpose(x, [0, 2, 1, 3]), model.shape);
}

/** Sums over the width of each head: [B, S, heads * width] to [B, heads, S, 1]. */
function rowSums(x: Tensor, heads: number): Tensor {
  const [batch, tokens, width] = x.shape;
  const sums = reduceSum(reshape(x, [batch!, tokens!, heads, Number(width) / heads]), [3], true);
  return transpose(sums, [0, 2, 1, 3]);
}

function sum(a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined {
  return a && b ? add(a, b) : (a ?? b);
}
