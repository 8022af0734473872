import { firstPlaceholderId } from "../../models/index.ts";

/** The gradient at each token embedding of a text encoder, by token id; unused ids are missing.
 *  Includes ordinary tokens, though these never change: sd-scripts has the whole token table as a parameter and clips by the norm
 *  of its gradient, and a few optimizers (D-Adaptation, Prodigy) estimate their step size from all of it. */
export type TokenGradients = Map<number, Float64Array>;

/** Adds gradients at token positions, times a factor, to the gradients of their ids, in order of position. positions: [tokens, width]. */
export function addAtPositions(
  gradients: TokenGradients,
  ids: readonly number[],
  positions: Float32Array,
  factor = 1,
): void {
  const width = positions.length / ids.length;
  ids.forEach((id, position) => {
    let sum = gradients.get(id);
    if (!sum) {
      sum = new Float64Array(width);
      gradients.set(id, sum);
    }
    for (let i = 0; i < width; i++) sum[i]! += factor * positions[position * width + i]!;
  });
}

/** Adds gradients to others of the same text encoder. */
export function addGradients(sums: TokenGradients, others: TokenGradients): void {
  for (const [id, gradient] of others) {
    const sum = sums.get(id);
    if (sum) for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]!;
    else sums.set(id, gradient.slice());
  }
}

/** The norm for clipping: over the gradients of all text encoders, at learned and ordinary tokens.
 *  differs from sd-scripts: with SDXL, only the second text encoder's gradient is clipped, by its own norm.
 *  coinage: with SDXL, the gradients of both text encoders are clipped by their common norm.
 *  because: --max_grad_norm limits the whole step. */
export function gradientNorm(encoders: readonly TokenGradients[]): number {
  let squares = 0;
  for (const gradients of encoders)
    for (const gradient of gradients.values()) for (const value of gradient) squares += value * value;
  return Math.sqrt(squares);
}

/** The norm of each learned embedding's gradient; 0 if unused. */
export function learnedGradientNorms(gradients: TokenGradients, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.hypot(...(gradients.get(firstPlaceholderId + i) ?? [])));
}

/** The factor that clips a gradient of this norm; 1 if maxNorm is 0. Source: torch.nn.utils.clip_grad_norm_. */
export function clipFactor(norm: number, maxNorm: number): number {
  return maxNorm === 0 ? 1 : Math.min(1, maxNorm / (norm + 1e-6));
}

/** The gradients at the learned embeddings, times a factor: [count, width]; 0 if unused. */
export function learnedGradients(
  gradients: TokenGradients,
  count: number,
  width: number,
  factor: number,
): Float32Array {
  const learned = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const gradient = gradients.get(firstPlaceholderId + i);
    if (gradient)
      learned.set(
        gradient.map((value) => value * factor),
        i * width,
      );
  }
  return learned;
}

/** The gradients at ordinary tokens' embeddings, times a factor. */
export function frozenGradients(gradients: TokenGradients, factor: number): Map<number, Float32Array> {
  const frozen = [...gradients].filter(([id]) => id < firstPlaceholderId);
  return new Map(frozen.map(([id, gradient]) => [id, Float32Array.from(gradient, (value) => value * factor)]));
}
