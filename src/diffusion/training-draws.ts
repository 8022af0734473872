import { PythonRandom, TorchGenerator } from "../random/index.ts";
import { drawTimesteps, type StepShare, spreadTimesteps, type TimestepOptions } from "./timesteps.ts";

export type TrainingBatchOptions = TrainingNoiseOptions & TimestepOptions & InputPerturbation;

interface TrainingNoiseOptions {
  /** Strength of noise that is constant over each channel, so that brightness is learned too. Source: Guttenberg 2023, "Diffusion with Offset Noise". */
  readonly noiseOffset?: number | undefined;
  /** Scales noiseOffset by one random number in 0..1 per batch. */
  readonly noiseOffsetRandomStrength?: boolean | undefined;
  /** Added to noiseOffset: adaptiveNoiseScale times the absolute mean of each latent channel. */
  readonly adaptiveNoiseScale?: number | undefined;
  /** Levels of pyramid noise. */
  readonly multiresNoiseIterations?: number | undefined;
  /** Weight of each level relative to the one before (default 0.3). */
  readonly multiresNoiseDiscount?: number | undefined;
}

interface InputPerturbation {
  /** Strength of extra noise in the input that is not part of the target. */
  readonly ipNoiseGamma?: number | undefined;
  /** Scales ipNoiseGamma by one random number in 0..1 per batch. */
  readonly ipNoiseGammaRandomStrength?: boolean | undefined;
}

/** The random number generators of a training run. */
export interface Generators {
  /** Draws noise, timesteps and the order of batches. */
  readonly torch: TorchGenerator;
  /** Draws captions, crops and the sizes of pyramid levels. */
  readonly python: PythonRandom;
  /** Draws timesteps that are spread over a step and nothing else, so that all other draws are the same without spreading. */
  readonly timesteps: TorchGenerator;
}

/** The generators of a run, from its seed. Spread timesteps have a seed of their own. */
export function seededGenerators(seed: number): Generators {
  return {
    torch: new TorchGenerator(seed),
    python: new PythonRandom(seed),
    timesteps: new TorchGenerator((seed + 0x7157e9) % 2 ** 32),
  };
}

/** Draws normal numbers. isRounded: to the precision in which latents are computed. */
export type DrawNormals<Normals> = (shape: readonly number[], isRounded: boolean) => Normals;

/** Normal numbers and their strength. */
interface Scaled<Normals> {
  readonly strength: number;
  readonly normals: Normals;
}

/** The random numbers of a training batch. */
interface TrainingNumbers<Normals> {
  readonly base: Normals;
  readonly offset: Scaled<Normals> | undefined;
  /** Levels of the noise pyramid, finest first. */
  readonly levels: Normals[] | undefined;
  readonly timesteps: readonly number[];
  /** Input perturbation. */
  readonly extra: Scaled<Normals> | undefined;
}

/** Draws a batch's random numbers in sd-scripts' order: noise, strength of the offset, offset, pyramid levels, timesteps, strength of the input perturbation, its noise.
 *  An option of 0 draws nothing. shape: [B,C,H,W], of the latents. */
export function drawNumbers<Normals>(
  shape: readonly number[],
  options: TrainingBatchOptions,
  { torch, python, timesteps: spread }: Generators,
  normals: DrawNormals<Normals>,
  share: StepShare | undefined,
): TrainingNumbers<Normals> {
  const { noiseOffset, multiresNoiseIterations, ipNoiseGamma } = options;
  const [batch = 0, channels = 0] = shape;
  const scaled = (strength: number, isRandom: boolean | undefined, of: readonly number[], isRounded: boolean) => ({
    strength: isRandom ? torch.rand([1]).data[0]! * strength : strength,
    normals: normals(of, isRounded),
  });
  const base = normals(shape, true);
  const offset = noiseOffset
    ? scaled(noiseOffset, options.noiseOffsetRandomStrength, [batch, channels, 1, 1], false)
    : undefined;
  const levels = multiresNoiseIterations
    ? drawLevels(shape, multiresNoiseIterations, python, (level) => normals(level, false))
    : undefined;
  const timesteps =
    (options.timestepSampling ?? "uniform") === "uniform"
      ? drawTimesteps(torch, batch, options)
      : spreadTimesteps(spread, batch, options, share);
  const extra = ipNoiseGamma ? scaled(ipNoiseGamma, options.ipNoiseGammaRandomStrength, shape, true) : undefined;
  return { base, offset, levels, timesteps, extra };
}

/** Normal numbers for a noise pyramid, finest level first. shape: [B,C,H,W]. */
export function drawLevels<Normals>(
  [batch, channels, height, width]: readonly number[],
  iterations: number,
  python: PythonRandom,
  normals: (shape: readonly number[]) => Normals,
): Normals[] {
  const levels: Normals[] = [];
  for (let level = 0; level < iterations; level++) {
    const ratio = (python.random() * 2 + 2) ** level;
    const coarse = [height!, width!].map((side) => Math.max(1, Math.floor(side / ratio)));
    levels.push(normals([batch!, channels!, ...coarse]));
    if (coarse.includes(1)) break;
  }
  return levels;
}

/** Advances the generators as `drawTrainingBatch` does, in a tenth of the time, and returns the timesteps that it would draw. shape: [B,C,H,W], of the latents. */
export function skipTrainingBatch(
  shape: readonly number[],
  options: TrainingBatchOptions,
  generators: Generators,
  share?: StepShare,
): readonly number[] {
  return drawNumbers(shape, options, generators, (skipped) => generators.torch.skipRandn(skipped), share).timesteps;
}
