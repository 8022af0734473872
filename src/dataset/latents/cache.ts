import type { NdArray } from "../../array/index.ts";
import { channelToFloats, mirrorPicture, type Picture, pictureToFloats } from "../../pictures/index.ts";
import { inTurns, workAhead } from "../bounded.ts";
import { cropBoxOf } from "../buckets/crop-box.ts";
import type { Dataset } from "../dataset.ts";
import type { TrainingImage } from "../images/training-image.ts";
import { fitToBucket } from "../samples/fit.ts";
import { readTrainingPicture } from "../samples/read-picture.ts";
import { itemOf, stack } from "../samples/stack.ts";
import { type DatasetWarning, DatasetWarnings } from "../warnings.ts";
import type { CachedLatents } from "./cached.ts";
import { latentFileFor, stateOfLatents, writeLatents } from "./files.ts";
import type { LatentMemory } from "./memory.ts";
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
  /** Pictures that have their latents since the last time. */
  readonly imageKeys: readonly string[];
  readonly warnings: readonly DatasetWarning[];
}

const filesAtOnce = 16;
const picturesAtOnce = 4;

/** Encodes every picture that has no usable latents yet: by bucket area, consecutive pictures of one kind together.
 *  Whatever was written before an interruption is found the next time.
 *  @throws PICTURE_UNREADABLE, OUTPUT_UNWRITABLE */
export async function* cacheLatents(
  datasets: readonly Dataset[],
  encode: EncodePictures,
  caching: LatentCaching,
  memory: LatentMemory,
): AsyncGenerator<CachingProgress> {
  const total = datasets.reduce((sum, { images }) => sum + images.length, 0);
  const inTurn = inTurns(picturesAtOnce);
  let done = 0;
  for (const { images } of datasets) {
    const missing: TrainingImage[] = [];
    for await (const { usable, unfit, warnings } of lookForLatents(images, caching, memory)) {
      missing.push(...unfit);
      done += usable.length;
      if (usable.length > 0 || warnings.length > 0)
        yield { done, total, imageKeys: usable.map(({ key }) => key), warnings };
    }
    const batches = encodingBatches(missing, caching.vaeBatchSize);
    const decode = (group: TrainingImage[]) => Promise.all(group.map((image) => inTurn(() => decodeForCache(image))));
    for await (const batch of workAhead(batches, 1, decode)) {
      const cached = await encodeBatch(batch, encode);
      for (const [i, { image }] of batch.entries()) {
        if (caching.toDisk) await writeLatents(await latentFileFor(image, caching.family), cached[i]!);
        else memory.set(image, cached[i]!);
      }
      done += batch.length;
      yield { done, total, imageKeys: batch.map(({ image }) => image.key), warnings: [] };
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

interface FoundLatents {
  readonly usable: readonly TrainingImage[];
  /** Pictures whose latents are missing, of another size or damaged. */
  readonly unfit: readonly TrainingImage[];
  readonly warnings: readonly DatasetWarning[];
}

/** Which pictures have latents already, a few at a time, and at the end what is odd about the files. */
async function* lookForLatents(
  images: readonly TrainingImage[],
  caching: LatentCaching,
  memory: LatentMemory,
): AsyncGenerator<FoundLatents> {
  const warnings = new DatasetWarnings();
  for (let start = 0; start < images.length; start += filesAtOnce) {
    const some = images.slice(start, start + filesAtOnce);
    const states = await Promise.all(some.map((image) => stateOf(image, caching, memory)));
    for (const [i, image] of some.entries())
      if (states[i] === "damaged") warnings.add("latentsDamaged", await latentFileFor(image, caching.family));
    const usable = some.filter((_, i) => states[i] === "usable");
    const isLast = start + filesAtOnce >= images.length;
    yield {
      usable,
      unfit: some.filter((image) => !usable.includes(image)),
      warnings: isLast ? warnings.list() : [],
    };
  }
}

async function stateOf(
  image: TrainingImage,
  { toDisk, family, skipCheck }: LatentCaching,
  memory: LatentMemory,
): ReturnType<typeof stateOfLatents> {
  if (image.onlyLatents !== undefined || memory.has(image)) return "usable";
  return toDisk ? stateOfLatents(await latentFileFor(image, family), image, skipCheck) : "unfit";
}

interface DecodedImage {
  readonly image: TrainingImage;
  readonly picture: Picture;
}

async function decodeForCache(image: TrainingImage): Promise<DecodedImage> {
  const { subset, bucket, resized } = image;
  const picture = await readTrainingPicture(image);
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
