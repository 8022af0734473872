import { elementCount, type NdArray, toFloat32 } from "../array/index.ts";
import type { NoiseSchedule } from "./noise-schedule.ts";
import { noisyLatents, type Precision, rounding } from "./noisy-latents.ts";
import type { StepShare } from "./timesteps.ts";
import {
  type DrawNormals,
  drawLevels,
  drawNumbers,
  type Generators,
  type TrainingBatchOptions,
} from "./training-draws.ts";

export interface TrainingBatch {
  /** The target of a network of type "epsilon". */
  readonly noise: NdArray<Float32Array>;
  readonly noisyLatents: NdArray<Float32Array>;
  /** One per sample. */
  readonly timesteps: readonly number[];
}

/** A training batch's noise, noisy latents and timesteps, drawn in sd-scripts' order. latents: [B,C,H,W]; share: the batch's place in its step. */
export function drawTrainingBatch(
  latents: NdArray<Float32Array>,
  options: TrainingBatchOptions,
  schedule: NoiseSchedule,
  generators: Generators,
  share?: StepShare,
  precision: Precision = "float32",
): TrainingBatch {
  const normals: DrawNormals<NdArray<Float32Array>> = (shape, isRounded) =>
    toFloat32(generators.torch.randn(shape, { dtype: isRounded ? precision : "float32" }));
  const { base, offset, levels, timesteps, extra } = drawNumbers(latents.shape, options, generators, normals, share);
  let noise = base.data;
  if (offset) {
    const strengths = channelStrengths(latents, offset.strength, options.adaptiveNoiseScale);
    noise = withOffset(noise, latents, strengths, offset.normals);
  }
  if (levels) noise = withLevels(noise, latents.shape, levels, options.multiresNoiseDiscount ?? 0.3);
  const target = { ...base, data: noise.map(rounding(precision)) };
  const added = extra ? withPerturbation(target, extra.strength, extra.normals.data) : target;
  return { noise: target, timesteps, noisyLatents: noisyLatents(latents, added, timesteps, schedule, precision) };
}

/** Strength of the noise offset for each sample and channel. */
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

/** offsets: [B,C,1,1]. */
function withOffset(
  noise: Float32Array,
  { shape }: NdArray,
  strengths: readonly number[],
  { data: offsets }: NdArray<Float32Array>,
): Float32Array {
  const size = elementCount(shape.slice(2));
  return noise.map((value, i) => {
    const channel = Math.floor(i / size);
    return value + strengths[channel]! * offsets[channel]!;
  });
}

/** Adds noise of ever coarser resolution, enlarged to the latents' size, and scales the sum to a standard deviation of 1 over the
 *  batch. Its first level has full resolution, so full-resolution noise counts twice. Source: "Multi-Resolution Noise for Diffusion Model Training" (Whitaker 2023). */
export function pyramidNoise(
  noise: Float32Array,
  shape: readonly number[],
  iterations: number,
  discount: number,
  { torch, python }: Pick<Generators, "torch" | "python">,
): Float32Array {
  return withLevels(
    noise,
    shape,
    drawLevels(shape, iterations, python, (level) => torch.randn(level)),
    discount,
  );
}

function withLevels(
  noise: Float32Array,
  [, , height, width]: readonly number[],
  levels: readonly NdArray<Float32Array>[],
  discount: number,
): Float32Array {
  const sum = noise.slice();
  for (const [level, { shape, data }] of levels.entries())
    addEnlarged(sum, [height!, width!], data, [shape[2]!, shape[3]!], discount ** level);
  const deviation = standardDeviation(sum);
  return sum.map((value) => value / deviation);
}

/** Extra noise in the input that is not part of the target.
 *  Source: Ning 2023, "Input Perturbation Reduces Exposure Bias in Diffusion Models"; sd-scripts `library/train_util.py` get_noise_noisy_latents_and_timesteps. */
function withPerturbation(noise: NdArray<Float32Array>, strength: number, extra: Float32Array): NdArray<Float32Array> {
  return { ...noise, data: noise.data.map((value, i) => value + strength * extra[i]!) };
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
