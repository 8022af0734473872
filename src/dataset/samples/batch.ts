import { arrayOf, type NdArray, stack } from "../../array/index.ts";
import type { Size } from "../../pictures/index.ts";
import type { TrainingImage } from "../images/training-image.ts";
import type { Sample } from "./sample.ts";

/** Samples of one resolution that go through the networks together. */
export interface MicroBatch {
  /** Number of the batch in the epoch's arrangement, before the loader's order. */
  readonly index: number;
  /** Which dataset it is from. */
  readonly dataset: number;
  readonly resolution: Size;
  /** The pictures of the samples. */
  readonly images: readonly TrainingImage[];
  readonly samples: readonly Sample[];
}

/** Pixels [B,3,H,W] of a batch, or undefined when its latents are cached. */
export function batchPixels({ samples }: MicroBatch): NdArray<Float32Array> | undefined {
  return stackIfThere(samples.map(({ pixels }) => pixels));
}

/** Latents [B,4,H/8,W/8] of a batch, not scaled, or undefined when it has pixels. */
export function batchLatents({ samples }: MicroBatch): NdArray<Float32Array> | undefined {
  return stackIfThere(samples.map(({ latents }) => latents));
}

/** Loss masks [B,H,W] of a batch, or undefined when no sample has one. A sample without counts everywhere. */
export function batchLossMasks({
  samples,
  resolution: [width, height],
}: MicroBatch): NdArray<Float32Array> | undefined {
  if (samples.every(({ lossMask }) => lossMask === undefined)) return undefined;
  const everywhere = arrayOf([height, width], new Float32Array(width * height).fill(1));
  return stack(samples.map(({ lossMask }) => lossMask ?? everywhere));
}

function stackIfThere(arrays: readonly (NdArray<Float32Array> | undefined)[]): NdArray<Float32Array> | undefined {
  const there = arrays.filter((array) => array !== undefined);
  return there.length === arrays.length && there.length > 0 ? stack(there) : undefined;
}
