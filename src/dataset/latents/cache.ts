import type { NdArray } from "../../array/index.ts";
import { channelToFloats, decodePicture, mirrorPicture, type Picture, pictureToFloats } from "../../pictures/index.ts";
import { workAhead } from "../bounded.ts";
import { cropBoxOf } from "../buckets/crop-box.ts";
import type { Dataset } from "../dataset.ts";
import type { TrainingImage } from "../images/training-image.ts";
import { fitToBucket } from "../samples/fit.ts";
import { itemOf, stack } from "../samples/stack.ts";
import type { CachedLatents } from "./cached.ts";
import { hasLatents, latentFileFor, writeLatents } from "./files.ts";
import type { LatentFamily } from "./names.ts";

/** Encodes pictures [B,3,H,W] in -1..1 to one sample of their latents each, [B,4,H/8,W/8], not scaled. */
export type EncodePictures = (pixels: NdArray<Float32Array>) => Promise<NdArray<Float32Array>>;

export interface LatentCaching {
  readonly family: LatentFamily;
  readonly vaeBatchSize: number;
  /** Keep latents in files beside the pictures. */
  readonly toDisk: boolean;
  /** Trust files by their name. */
  readonly skipCheck: boolean;
}

/** How far caching has come. */
export interface CachingProgress {
  readonly done: number;
  readonly total: number;
  readonly imageKeys: readonly string[];
}

/** Latents of pictures, in memory. Those that lie in files stay there. */
export type LatentMemory = Map<TrainingImage, CachedLatents>;

/** Encodes every picture that has no usable latents yet: by bucket area, consecutive pictures of one kind together.
 *  @throws PICTURE_UNREADABLE, LATENTS_UNREADABLE, OUTPUT_UNWRITABLE */
export async function* cacheLatents(
  datasets: readonly Dataset[],
  encode: EncodePictures,
  caching: LatentCaching,
  memory: LatentMemory,
): AsyncGenerator<CachingProgress> {
  const total = datasets.reduce((sum, { images }) => sum + images.length, 0);
  let done = 0;
  for (const { images } of datasets) {
    const missing = await withoutLatents(images, caching, memory);
    done += images.length - missing.length;
    const batches = encodingBatches(missing, caching.vaeBatchSize);
    for await (const batch of workAhead(batches, 1, (group) => Promise.all(group.map(decodeForCache)))) {
      const cached = await encodeBatch(batch, encode);
      for (const [i, { image }] of batch.entries()) {
        if (caching.toDisk) await writeLatents(await latentFileFor(image, caching.family), cached[i]!);
        else memory.set(image, cached[i]!);
      }
      done += batch.length;
      yield { done, total, imageKeys: batch.map(({ image }) => image.key) };
    }
  }
}

/** Pictures in the order and groups in which the VAE gets them. */
export function encodingBatches(images: readonly TrainingImage[], size: number): TrainingImage[][] {
  const area = ({ bucket }: TrainingImage) => bucket[0] * bucket[1];
  const batches: TrainingImage[][] = [];
  let previous = "";
  for (const image of images.toSorted((a, b) => area(a) - area(b))) {
    const { flipAug, alphaMask } = image.subset;
    const kind = [...image.bucket, flipAug, alphaMask].join();
    const current = batches.at(-1);
    if (current && kind === previous && current.length < size) current.push(image);
    else batches.push([image]);
    previous = kind;
  }
  return batches;
}

async function withoutLatents(
  images: readonly TrainingImage[],
  caching: LatentCaching,
  memory: LatentMemory,
): Promise<TrainingImage[]> {
  const missing: TrainingImage[] = [];
  for (const image of images) {
    if (image.onlyLatents !== undefined || memory.has(image)) continue;
    const isOnDisk =
      caching.toDisk && (await hasLatents(await latentFileFor(image, caching.family), image, caching.skipCheck));
    if (!isOnDisk) missing.push(image);
  }
  return missing;
}

interface DecodedImage {
  readonly image: TrainingImage;
  readonly picture: Picture;
}

async function decodeForCache(image: TrainingImage): Promise<DecodedImage> {
  const { subset, bucket, resized, path } = image;
  const picture = await decodePicture(path, { alpha: subset.alphaMask });
  return { image, picture: fitToBucket(picture, { bucket, resized, interpolation: subset.resizeInterpolation }) };
}

async function encodeBatch(batch: readonly DecodedImage[], encode: EncodePictures): Promise<CachedLatents[]> {
  const { flipAug, alphaMask } = batch[0]!.image.subset;
  const latents = await encode(stack(batch.map(({ picture }) => pictureToFloats(picture))));
  const mirrored = () => stack(batch.map(({ picture }) => pictureToFloats(mirrorPicture(picture))));
  const flipped = flipAug ? await encode(mirrored()) : undefined;
  return batch.map(({ image, picture }, i) => ({
    latents: itemOf(latents, i),
    ...(flipped && { flipped: itemOf(flipped, i) }),
    ...(alphaMask && { alphaMask: channelToFloats(picture, 3) }),
    originalSize: image.size,
    cropBox: cropBoxOf(image.bucket, image.size),
  }));
}
