import { ahead } from "./ahead.ts";
import type { DatasetGroup } from "./group.ts";
import type { TrainingImage } from "./images/training-image.ts";

/** Bytes that the pictures of a run take. */
export interface PictureMemory {
  /** At most at any time, of those that are decoded. */
  readonly decoded: number;
  /** In the end, of latents that are kept in memory. */
  readonly kept: number;
}

export interface PictureMemoryOptions {
  /** Whether latents are cached, in memory or in files. */
  readonly isCached: boolean;
  readonly isOnDisk: boolean;
  readonly vaeBatchSize: number;
  /** Pixels to one latent along each side, and channels of latents. */
  readonly vaeScaleFactor: number;
  readonly latentChannels: number;
}

/** What is known of a picture and its caption, as measured over 5,000. */
const recordBytes = 6000;

/** What the pictures of a run will take in memory, read off their headers. */
export function pictureMemory({ datasets, images }: DatasetGroup, options: PictureMemoryOptions): PictureMemory {
  const { isCached, isOnDisk, vaeBatchSize, vaeScaleFactor, latentChannels } = options;
  const batchSize = Math.max(1, ...datasets.map(({ plan }) => plan.batchSize));
  const underWay = isCached ? (ahead.encodings + 1) * vaeBatchSize : (ahead.batches + 1) * batchSize;
  const sizes = images.map(decodedBytes).sort((a, b) => b - a);
  const atOnce = sizes.slice(0, Math.min(ahead.pictures, underWay));
  // Decoded anew each time, a picture is still there when the next one comes: two of them even where there is only one.
  const fewest = isCached ? 0 : 2 * (sizes[0] ?? 0);
  const latents = ({ bucket, subset }: TrainingImage) =>
    ((4 * latentChannels * bucket[0] * bucket[1]) / vaeScaleFactor ** 2) * (subset.flipAug ? 2 : 1);
  const kept = isCached && !isOnDisk ? sum(images.map(latents)) : 0;
  return { decoded: Math.max(fewest, sum(atOnce)), kept: kept + recordBytes * images.length };
}

/** A byte a pixel and channel, and another copy where channels are added or dropped or the picture is turned. */
function decodedBytes({ size, header, subset, onlyLatents }: TrainingImage): number {
  if (onlyLatents !== undefined) return 0;
  const [stored, wanted] = [header?.hasAlpha ? 4 : 3, subset.alphaMask ? 4 : 3];
  const isTurned = subset.exifTranspose && header !== undefined && header.orientation !== 1;
  const copies = (stored === wanted ? 0 : wanted) + (isTurned ? stored : 0);
  return size[0] * size[1] * (stored + copies);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
