/** What a network predicts: the noise, or the velocity sqrt(abar) noise - sqrt(1-abar) original. */
export type PredictionType = "epsilon" | "v_prediction";

/** A mixture of clean latents and noise: latents = alpha * original + sigma * noise.
 *  alpha^2 + sigma^2 = 1 (variance preserving) for most samplers; alpha = 1 (variance exploding) for k-diffusion's. Source: Kingma 2021, "Variational Diffusion Models". */
export interface NoiseLevel {
  readonly alpha: number;
  readonly sigma: number;
}

export function levelOfAlpha(alphaCumprod: number): NoiseLevel {
  return { alpha: Math.sqrt(alphaCumprod), sigma: Math.sqrt(1 - alphaCumprod) };
}

/** Variance-preserving level of a k-diffusion sigma, the ratio sigma / alpha. */
export function levelOfSigma(ratio: number): NoiseLevel {
  const alpha = 1 / Math.sqrt(ratio ** 2 + 1);
  return { alpha, sigma: ratio * alpha };
}

/** Factor that scales latents at a noise level to unit variance, as the network expects them. */
export function inputScale({ alpha, sigma }: NoiseLevel): number {
  return 1 / Math.sqrt(alpha ** 2 + sigma ** 2);
}

/** Sum of weighted arrays, element by element, in double precision. */
export function combine(...terms: readonly (readonly [weight: number, values: ArrayLike<number>])[]): Float64Array {
  const sum = new Float64Array(terms[0]?.[1].length ?? 0);
  for (const [weight, values] of terms) for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
  return sum;
}

/** The original sample that a model output implies. latents and output: same length; latents before inputScale.
 *  Not finite for epsilon if alpha is 0. Source: Salimans 2022, "Progressive Distillation", appendix D. */
export function predictOriginal(
  type: PredictionType,
  level: NoiseLevel,
  latents: ArrayLike<number>,
  output: ArrayLike<number>,
): Float64Array {
  const { alpha, sigma } = level;
  const scale = inputScale(level);
  if (type === "epsilon") return combine([1 / alpha, latents], [-sigma / alpha, output]);
  return combine([alpha * scale ** 2, latents], [-sigma * scale, output]);
}

/** The predicted original, clamped to -1..1 if `clip`. */
export function clipped(original: Float64Array, clip: boolean): Float64Array {
  return clip ? original.map((value) => Math.min(1, Math.max(-1, value))) : original;
}

/** The noise that a model output implies. */
export function predictNoise(
  type: PredictionType,
  level: NoiseLevel,
  latents: ArrayLike<number>,
  output: ArrayLike<number>,
): Float64Array {
  if (type === "epsilon") return Float64Array.from(output);
  const scale = inputScale(level);
  return combine([level.sigma * scale ** 2, latents], [level.alpha * scale, output]);
}

/** Adds noise to the latents of an image: alpha * original + sigma * noise. */
export function addNoise(level: NoiseLevel, original: ArrayLike<number>, noise: ArrayLike<number>): Float64Array {
  return combine([level.alpha, original], [level.sigma, noise]);
}
