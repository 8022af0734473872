import { elementCount, type NdArray, toFloat32 } from "../array/index.ts";
import { PythonRandom, TorchGenerator } from "../random/index.ts";
import type { NoiseSchedule } from "./noise-schedule.ts";
import { type InputPerturbation, noisyLatents, type Precision, perturbedNoise, rounding } from "./noisy-latents.ts";
import { drawTimesteps, type StepShare, spreadTimesteps, type TimestepOptions } from "./timesteps.ts";

export type TrainingBatchOptions = TrainingNoiseOptions & TimestepOptions & InputPerturbation;

export interface TrainingBatch {
  /** The target of a network of type "epsilon". */
  readonly noise: NdArray<Float32Array>;
  readonly noisyLatents: NdArray<Float32Array>;
  /** One for each sample. */
  readonly timesteps: readonly number[];
}

/** Everything random about a training batch, drawn in sd-scripts' order: noise, timesteps, input perturbation. latents: [B,C,H,W];
 *  share: which part of its step the batch is. */
export function drawTrainingBatch(
  latents: NdArray<Float32Array>,
  options: TrainingBatchOptions,
  schedule: NoiseSchedule,
  generators: Generators,
  share?: StepShare,
  precision: Precision = "float32",
): TrainingBatch {
  const noise = drawTrainingNoise(latents, options, generators, precision);
  const batchSize = latents.shape[0]!;
  const { torch, timesteps: spread } = generators;
  const timesteps =
    (options.timestepSampling ?? "uniform") === "uniform"
      ? drawTimesteps(torch, batchSize, options)
      : spreadTimesteps(spread, batchSize, options, share);
  const added = perturbedNoise(noise, options, generators.torch, precision);
  return { noise, timesteps, noisyLatents: noisyLatents(latents, added, timesteps, schedule, precision) };
}

interface TrainingNoiseOptions {
  /** Strength of noise that is constant over each channel, so that brightness is learned too. Source: Guttenberg 2023, "Diffusion with Offset Noise". */
  readonly noiseOffset?: number | undefined;
  /** Scales noiseOffset by one number in 0..1 for each batch. */
  readonly noiseOffsetRandomStrength?: boolean | undefined;
  /** Added to noiseOffset: this times the absolute mean of each latent channel. */
  readonly adaptiveNoiseScale?: number | undefined;
  /** Levels of pyramid noise. */
  readonly multiresNoiseIterations?: number | undefined;
  /** Weight of each level relative to the one before (default 0.3). */
  readonly multiresNoiseDiscount?: number | undefined;
}

/** The generators of random numbers that a training draws from. */
export interface Generators {
  /** Draws noise, timesteps and the order of batches. */
  readonly torch: TorchGenerator;
  /** Draws captions, crops and the sizes of pyramid levels. */
  readonly python: PythonRandom;
  /** Draws timesteps that are spread over a step; nothing else, so that all other draws stay as they are without it. */
  readonly timesteps: TorchGenerator;
}

/** The generators of a run. Its spread timesteps have a seed of their own. */
export function seededGenerators(seed: number): Generators {
  return {
    torch: new TorchGenerator(seed),
    python: new PythonRandom(seed),
    timesteps: new TorchGenerator((seed + 0x7157e9) % 2 ** 32),
  };
}

/** The noise of a training batch: normal, then offset, then pyramid. latents: [B,C,H,W]; the result has their shape.
 *  Draws in sd-scripts' order: noise, strength of the offset, offset, pyramid levels. An option that is 0 draws nothing. */
function drawTrainingNoise(
  latents: NdArray<Float32Array>,
  options: TrainingNoiseOptions,
  generators: Pick<Generators, "torch" | "python">,
  precision: Precision = "float32",
): NdArray<Float32Array> {
  const { torch } = generators;
  const { noiseOffset, multiresNoiseIterations, multiresNoiseDiscount = 0.3 } = options;
  const base = toFloat32(torch.randn(latents.shape, { dtype: precision }));
  let noise = base.data;
  if (noiseOffset) {
    const strength = options.noiseOffsetRandomStrength ? torch.rand([1]).data[0]! * noiseOffset : noiseOffset;
    noise = withOffset(noise, latents, channelStrengths(latents, strength, options.adaptiveNoiseScale), torch);
  }
  if (multiresNoiseIterations)
    noise = pyramidNoise(noise, latents.shape, multiresNoiseIterations, multiresNoiseDiscount, generators);
  return { ...base, data: noise.map(rounding(precision)) };
}

/** Strength of the offset in each sample and channel. */
function channelStrengths(latents: NdArray<Float32Array>, offset: number, adaptiveScale: number | undefined): number[] {
  const [batch, channels, ...plane] = latents.shape;
  const size = elementCount(plane);
  return Array.from({ length: batch! * channels! }, (_, channel) => {
    if (adaptiveScale === undefined) return offset;
    let sum = 0;
    for (let i = 0; i < size; i++) sum += latents.data[channel * size + i]!;
    return Math.max(0, offset + adaptiveScale * Math.abs(sum / size));
  });
}

function withOffset(
  noise: Float32Array,
  { shape }: NdArray,
  strengths: readonly number[],
  torch: TorchGenerator,
): Float32Array {
  const [batch, channels, ...plane] = shape;
  const offsets = torch.randn([batch!, channels!, 1, 1]).data;
  const size = elementCount(plane);
  return noise.map((value, i) => {
    const channel = Math.floor(i / size);
    return value + strengths[channel]! * offsets[channel]!;
  });
}

/** Adds noise of ever coarser resolution, enlarged to the latents' size, and brings the sum back to a standard deviation of 1 over the
 *  batch. Its first level has full resolution, so full-resolution noise counts twice. Source: "Multi-Resolution Noise for Diffusion Model Training" (Whitaker 2023). */
export function pyramidNoise(
  noise: Float32Array,
  shape: readonly number[],
  iterations: number,
  discount: number,
  { torch, python }: Pick<Generators, "torch" | "python">,
): Float32Array {
  const [batch, channels, height, width] = shape as readonly [number, number, number, number];
  const sum = noise.slice();
  for (let level = 0; level < iterations; level++) {
    const ratio = (python.random() * 2 + 2) ** level;
    const coarse = [Math.max(1, Math.floor(height / ratio)), Math.max(1, Math.floor(width / ratio))] as const;
    const drawn = torch.randn([batch, channels, ...coarse]).data;
    addEnlarged(sum, [height, width], drawn, coarse, discount ** level);
    if (coarse.includes(1)) break;
  }
  const deviation = standardDeviation(sum);
  return sum.map((value) => value / deviation);
}

/** sum += weight * coarse, enlarged bilinearly with half-pixel centres (PyTorch's align_corners=False). */
function addEnlarged(
  sum: Float32Array,
  [height, width]: readonly [number, number],
  coarse: Float32Array,
  [coarseHeight, coarseWidth]: readonly [number, number],
  weight: number,
): void {
  const rows = sourcePositions(coarseHeight, height);
  const columns = sourcePositions(coarseWidth, width);
  const planes = sum.length / (height * width);
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    const start = plane * coarseHeight * coarseWidth;
    for (const row of rows)
      for (const column of columns) {
        const value = (r: number, c: number) => coarse[start + r * coarseWidth + c]!;
        const upper = mix(value(row.low, column.low), value(row.low, column.high), column.weight);
        const lower = mix(value(row.high, column.low), value(row.high, column.high), column.weight);
        sum[at++]! += mix(upper, lower, row.weight) * weight;
      }
  }
}

interface SourcePosition {
  readonly low: number;
  readonly high: number;
  /** Share of `high`. */
  readonly weight: number;
}

function sourcePositions(sourceSize: number, size: number): SourcePosition[] {
  return Array.from({ length: size }, (_, i) => {
    const position = Math.max(0, ((i + 0.5) * sourceSize) / size - 0.5);
    const low = Math.floor(position);
    return { low, high: Math.min(low + 1, sourceSize - 1), weight: position - low };
  });
}

function mix(a: number, b: number, weight: number): number {
  return a + (b - a) * weight;
}

/** Unbiased, over all values. */
function standardDeviation(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
