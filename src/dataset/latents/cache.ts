import { itemOf, type NdArray } from "../../array/index.ts";
import { channelToFloats, mirrorPicture, type Picture } from "../../pictures/index.ts";
import type { TorchGenerator } from "../../random/index.ts";
import { cropBoxOf } from "../buckets/resolutions.ts";
import { ahead, inTurns, mapBounded, workAhead } from "../concurrency.ts";
import type { Dataset } from "../dataset.ts";
import { digestOfFile } from "../images/paths.ts";
import type { TrainingImage } from "../images/training-image.ts";
import { fitToBucket } from "../samples/place.ts";
import { readTrainingPicture } from "../samples/sample.ts";
import { type DatasetWarning, DatasetWarnings } from "../warnings.ts";
import type { CachedLatents } from "./files.ts";
import { drawsOf, type LatentOrigin, latentSettings } from "./origin.ts";
import type { FoundLatents, LatentStore } from "./store.ts";

/** Draws one sample of the latents of each image of a batch, [B,4,H/8,W/8], unscaled. draws: a generator for each sample (default: the run's). */
type DrawLatents = (draws?: readonly TorchGenerator[]) => NdArray<Float32Array>;

/** The VAE encoder for caching. */
export interface PictureEncoder {
  /** Encodes images of one size. The caller calls the results in the order of the images, since each draws from the run's generator. */
  encode(pictures: readonly Picture[]): Promise<DrawLatents>;
  /** Identifies the encoder: a digest of its weights. */
  digest(): string;
  /** Batches to pass at a time (default: 1). */
  readonly atOnce?: number | undefined;
  /** Called before the first batches of a dataset. images: how many will follow. */
  expect?(images: number): void;
}

/** Progress of caching. */
export interface CachingProgress {
  readonly done: number;
  readonly total: number;
  /** Images that got their latents since the last event. */
  readonly imageKeys: readonly string[];
  readonly warnings: readonly DatasetWarning[];
}

const filesAtOnce = 16;

/** Encodes every image without usable latents: by bucket area, consecutive images of one kind together.
 *  Files written before an interruption are used the next time.
 *  @throws PICTURE_UNREADABLE, OUTPUT_UNWRITABLE, LATENTS_UNREADABLE */
export async function* cacheLatents(
  datasets: readonly Pick<Dataset, "images">[],
  encoder: PictureEncoder,
  store: LatentStore,
): AsyncGenerator<CachingProgress> {
  const { toDisk, vaeBatchSize } = store.caching;
  const total = datasets.reduce((sum, { images }) => sum + images.length, 0);
  const hasStandIns = datasets.some(({ images }) => images.some(({ onlyLatents }) => onlyLatents !== undefined));
  const vae = toDisk || hasStandIns ? encoder.digest() : "";
  const inTurn = inTurns(ahead.pictures);
  const { atOnce = 1 } = encoder;
  const inTurnOfEncoder = inTurns(atOnce);
  let done = 0;
  for (const { images } of datasets) {
    const missing: TrainingImage[] = [];
    for await (const { usable, unfit, warnings } of lookForLatents(images, vae, store)) {
      missing.push(...unfit);
      done += usable.length;
      if (usable.length > 0 || warnings.length > 0)
        yield { done, total, imageKeys: usable.map(({ key }) => key), warnings };
    }
    const decode = (group: TrainingImage[]) =>
      Promise.all(group.map((image) => inTurn(() => decodeForCache(image, toDisk ? vae : undefined))));
    let turn: Promise<unknown> = Promise.resolve();
    const encode = (group: TrainingImage[]) => {
      const decoded = decode(group);
      // batches go to the encoder in order, whichever is decoded first; failures surface where the result is awaited
      const inOrder = turn.then(() => decoded);
      turn = Promise.allSettled([decoded, inOrder]);
      return inOrder.then(async (batch) => ({
        batch,
        latents: await inTurnOfEncoder(() => encodeBatch(batch, encoder)),
      }));
    };
    encoder.expect?.(missing.length);
    const batches = encodingBatches(missing, vaeBatchSize);
    for await (const { batch, latents } of workAhead(batches, Math.max(ahead.encodings, atOnce), encode)) {
      const cached = cachedLatents(batch, latents);
      for (const [i, { image, origin }] of batch.entries()) await store.put(image, cached[i]!, origin);
      done += batch.length;
      yield { done, total, imageKeys: batch.map(({ image }) => image.key), warnings: [] };
    }
  }
}

/** Images in batches, in the order in which the VAE encodes them. */
function encodingBatches(images: readonly TrainingImage[], size: number): TrainingImage[][] {
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

interface Looked {
  readonly usable: readonly TrainingImage[];
  /** Images whose latents are missing, damaged or of another image. */
  readonly unfit: readonly TrainingImage[];
  readonly warnings: readonly DatasetWarning[];
}

/** Finds images that already have latents, a few at a time, with warnings about files at the end. */
async function* lookForLatents(
  images: readonly TrainingImage[],
  vae: string,
  store: LatentStore,
): AsyncGenerator<Looked> {
  const warnings = new DatasetWarnings();
  for (let start = 0; start < images.length; start += filesAtOnce) {
    const some = images.slice(start, start + filesAtOnce);
    const found = await mapBounded(some, filesAtOnce, (image) => store.find(image, vae));
    for (const one of found) warnAboutLatents(one, warnings);
    const usable = some.filter((_, i) => found[i]!.kind === "usable");
    const unfit = some.filter((_, i) => found[i]!.kind !== "usable");
    if (store.caching.toDisk)
      for (const image of unfit) if (!(await store.mayWrite(image))) warnings.add("latentsOutside", image.path);
    const isLast = start + filesAtOnce >= images.length;
    yield { usable, unfit, warnings: isLast ? warnings.list() : [] };
  }
}

function warnAboutLatents(found: FoundLatents, warnings: DatasetWarnings): void {
  if (found.kind === "damaged") warnings.add("latentsDamaged", found.file);
  if (found.kind === "outdated") warnings.add("latentsOutdated", `${found.file} (${found.reason})`);
  if (found.kind === "usable" && found.isUntold) warnings.add("latentsUntold", found.file!);
}

interface DecodedImage {
  readonly image: TrainingImage;
  readonly picture: Picture;
  /** The origin of the latents, if they go into a file. */
  readonly origin: LatentOrigin | undefined;
}

/** vae: digest of the encoder, if latents go into files. */
async function decodeForCache(image: TrainingImage, vae: string | undefined): Promise<DecodedImage> {
  const { subset, bucket, resized, path } = image;
  // before decoding: if the file changes in between, its latents are rebuilt the next time
  const digest = vae === undefined ? "" : await digestOfFile(path, "whole").catch(() => "");
  const decoded = await readTrainingPicture(image);
  const picture = fitToBucket(decoded, { bucket, resized, interpolation: subset.resizeInterpolation });
  return {
    image,
    picture,
    origin: vae === undefined ? undefined : { picture: digest, vae, settings: latentSettings(image) },
  };
}

/** Samples the latents of a batch, and of its mirror images. */
interface EncodedBatch {
  readonly plain: DrawLatents;
  readonly flipped: DrawLatents | undefined;
}

async function encodeBatch(batch: readonly DecodedImage[], encoder: PictureEncoder): Promise<EncodedBatch> {
  const pictures = batch.map(({ picture }) => picture);
  const plain = await encoder.encode(pictures);
  const { flipAug } = batch[0]!.image.subset;
  return { plain, flipped: flipAug ? await encoder.encode(pictures.map(mirrorPicture)) : undefined };
}

function cachedLatents(batch: readonly DecodedImage[], encoded: EncodedBatch): CachedLatents[] {
  const { alphaMask } = batch[0]!.image.subset;
  const origins = batch.flatMap(({ origin }) => origin ?? []);
  const draws = origins.length > 0 ? origins.map(drawsOf) : undefined;
  const latents = encoded.plain(draws?.map(([plain]) => plain));
  const flipped = encoded.flipped?.(draws?.map(([, mirrored]) => mirrored));
  return batch.map(({ image, picture }, i) => ({
    latents: itemOf(latents, i),
    ...(flipped && { flipped: itemOf(flipped, i) }),
    ...(alphaMask && { alphaMask: channelToFloats(picture, 3) }),
    originalSize: image.size,
    cropBox: cropBoxOf(image.bucket, image.size),
  }));
}
