import { arrayOf, type NdArray } from "../../array/index.ts";
import type { drawTrainingBatch } from "../../diffusion/index.ts";
import type { TokenIds } from "../../models/index.ts";
import { addGradients, type TokenGradients } from "./token-gradients.ts";

/** Samples that go through the networks together. */
export interface MicroStepSamples {
  /** [B,4,h,w], scaled. */
  readonly latents: NdArray<Float32Array>;
  /** Per text encoder [B][chunks][77]. */
  readonly tokenIds: TokenIds;
  /** Weight of each sample's loss: 1, or prior_loss_weight for regularisation images. */
  readonly priorLossWeights: readonly number[];
  /** [B,1,h,w] in 0..1. */
  readonly mask?: NdArray<Float32Array> | undefined;
  /** SDXL: original height and width, crop top and left, target height and width of each sample. */
  readonly timeIds?: readonly (readonly number[])[] | undefined;
}

/** Random draws of a micro-step. */
export type MicroStepDraw = ReturnType<typeof drawTrainingBatch>;

export interface MicroStepResult {
  /** Mean element loss of each sample, before any weight. */
  readonly sampleLosses: readonly number[];
  /** Timestep of each sample. */
  readonly timesteps: readonly number[];
  /** Mean over the samples, weighted. */
  readonly loss: number;
  /** Per text encoder, the gradient of loss / accumulationSteps at every token embedding used. */
  readonly gradients: readonly TokenGradients[];
}

// A micro-batch may be split into parts of whole samples that go through the networks one by one. Noise and timesteps are drawn for the whole.

/** A range of samples of a micro-batch; `end` is excluded. */
export interface SampleRange {
  readonly start: number;
  readonly end: number;
}

/** Splits samples into at most `parts` ranges of nearly equal size, none empty. */
export function sampleRanges(samples: number, parts: number): SampleRange[] {
  const count = Math.min(parts, samples);
  const bound = (i: number) => Math.floor((i * samples) / count);
  return Array.from({ length: count }, (_, i) => ({ start: bound(i), end: bound(i + 1) }));
}

export function samplesIn(samples: MicroStepSamples, range: SampleRange): MicroStepSamples {
  const { latents, tokenIds, priorLossWeights, mask, timeIds } = samples;
  const { start, end } = range;
  return {
    latents: itemsIn(latents, range),
    // with --xti every sample has several texts
    tokenIds: tokenIds.map((texts) => {
      const each = texts.length / priorLossWeights.length;
      return texts.slice(start * each, end * each);
    }),
    priorLossWeights: priorLossWeights.slice(start, end),
    mask: mask && itemsIn(mask, range),
    timeIds: timeIds?.slice(start, end),
  };
}

export function drawIn({ noise, noisyLatents, timesteps }: MicroStepDraw, range: SampleRange): MicroStepDraw {
  return {
    noise: itemsIn(noise, range),
    noisyLatents: itemsIn(noisyLatents, range),
    timesteps: timesteps.slice(range.start, range.end),
  };
}

/** The result of a micro-batch from the results of its parts, in order. */
export function joinedParts(parts: readonly MicroStepResult[]): MicroStepResult {
  const [first, ...others] = parts;
  if (others.length === 0) return first!;
  const gradients: TokenGradients[] = first!.gradients.map(() => new Map());
  for (const part of parts)
    for (const [encoder, gradient] of part.gradients.entries()) addGradients(gradients[encoder]!, gradient);
  return {
    sampleLosses: parts.flatMap(({ sampleLosses }) => sampleLosses),
    timesteps: parts.flatMap(({ timesteps }) => timesteps),
    loss: parts.reduce((sum, { loss }) => sum + loss, 0),
    gradients,
  };
}

function itemsIn(array: NdArray<Float32Array>, { start, end }: SampleRange): NdArray<Float32Array> {
  const { shape, data } = array;
  if (end - start === shape[0]) return array;
  const size = data.length / shape[0]!;
  return arrayOf([end - start, ...shape.slice(1)], data.slice(start * size, end * size));
}
