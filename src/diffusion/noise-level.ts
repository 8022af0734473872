/** What a network predicts: the noise, or the velocity sqrt(abar) noise - sqrt(1-abar) original. */
export type PredictionType = "epsilon" | "v_prediction";

/** A mixture of picture and noise: latents = signal * original + noise * gaussian.
 *  signal^2 + noise^2 = 1 for samplers that keep the variance; signal = 1 and noise = sigma for k-style samplers. */
export interface NoiseLevel {
  readonly signal: number;
  readonly noise: number;
}

export function levelOfAlpha(alphaCumprod: number): NoiseLevel {
  return { signal: Math.sqrt(alphaCumprod), noise: Math.sqrt(1 - alphaCumprod) };
}

/** Variance-keeping level of the ratio noise / signal. */
export function levelOfSigma(sigma: number): NoiseLevel {
  const signal = 1 / Math.sqrt(sigma ** 2 + 1);
  return { signal, noise: sigma * signal };
}

/** Factor that brings latents of a level to unit variance, as the network expects them. */
export function inputScale({ signal, noise }: NoiseLevel): number {
  return 1 / Math.sqrt(signal ** 2 + noise ** 2);
}

/** Sum of weighted arrays, element by element, in double precision. */
export function combine(...terms: readonly (readonly [weight: number, values: ArrayLike<number>])[]): Float64Array {
  const sum = new Float64Array(terms[0]?.[1].length ?? 0);
  for (const [weight, values] of terms) for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
  return sum;
}

/** The original that a model output implies. latents and output: same length; latents unscaled.
 *  Not finite for epsilon at a level without signal. */
export function predictOriginal(
  type: PredictionType,
  level: NoiseLevel,
  latents: ArrayLike<number>,
  output: ArrayLike<number>,
): Float64Array {
  const { signal, noise } = level;
  const scale = inputScale(level);
  if (type === "epsilon") return combine([1 / signal, latents], [-noise / signal, output]);
  return combine([signal * scale ** 2, latents], [-noise * scale, output]);
}

/** The gaussian noise that a model output implies. */
export function predictNoise(
  type: PredictionType,
  level: NoiseLevel,
  latents: ArrayLike<number>,
  output: ArrayLike<number>,
): Float64Array {
  if (type === "epsilon") return Float64Array.from(output);
  const scale = inputScale(level);
  return combine([level.noise * scale ** 2, latents], [level.signal * scale, output]);
}

/** Latents of a picture at a noise level. */
export function addNoise(level: NoiseLevel, original: ArrayLike<number>, noise: ArrayLike<number>): Float64Array {
  return combine([level.signal, original], [level.noise, noise]);
}
