import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { NdArray } from "../../array/index.ts";
import { channelToFloats } from "../../pictures/index.ts";
import type { TrainingImage } from "../images/training-image.ts";
import type { CachedLatents } from "./cached.ts";

interface Kept extends Omit<CachedLatents, "alphaMask"> {
  readonly mask?: PackedMask;
}

/** Latents of pictures, in memory. Masks are kept packed: as numbers they would take sixteen times the room of the latents and more. */
export class LatentMemory {
  readonly #kept = new Map<TrainingImage, Kept>();

  has(image: TrainingImage): boolean {
    return this.#kept.has(image);
  }

  get(image: TrainingImage): CachedLatents | undefined {
    const kept = this.#kept.get(image);
    if (!kept) return undefined;
    const { mask, ...latents } = kept;
    return { ...latents, ...(mask && { alphaMask: unpacked(mask) }) };
  }

  set(image: TrainingImage, { alphaMask, ...latents }: CachedLatents): void {
    this.#kept.set(image, { ...latents, ...(alphaMask && { mask: packed(alphaMask) }) });
  }
}

interface PackedMask {
  readonly shape: readonly number[];
  /** A byte a place, deflated: most masks are large areas of one value. */
  readonly bytes: Uint8Array;
}

function packed({ shape, data }: NdArray<Float32Array>): PackedMask {
  const bytes = Uint8Array.from(data, (value) => Math.round(value * 255));
  return { shape, bytes: deflateRawSync(bytes, { level: 1 }) };
}

function unpacked({ shape, bytes }: PackedMask): NdArray<Float32Array> {
  const [height, width] = shape as [number, number];
  return channelToFloats({ width, height, channels: 1, data: inflateRawSync(bytes) }, 0);
}
