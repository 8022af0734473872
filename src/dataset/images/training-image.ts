import { limits as budget } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { type PictureHeader, readPictureHeader, type Size, shownSize } from "../../pictures/index.ts";
import type { PythonRandom } from "../../random/index.ts";
import {
  type BucketChoice,
  type BucketLimits,
  chooseNearest,
  chooseWithoutUpscaling,
  predefinedResolutions,
} from "../buckets/resolutions.ts";
import { mapReportingAll } from "../concurrency.ts";
import type { DatasetPlan, LatentCaching, SubsetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";

/** An image of a subset before its size is known. */
export interface ImageEntry {
  /** sd-scripts' name for it: the path, or the key in the metadata file. */
  readonly key: string;
  readonly path: string;
  /** As read, before random changes. */
  readonly caption: string;
  readonly repeats: number;
  readonly isReg: boolean;
  readonly subset: SubsetPlan;
  /** Size from metadata, or from the name of the latent cache that replaces the image. */
  readonly size?: Size;
  /** The mask image: the weight of each place in the loss. */
  readonly maskPath?: string;
  /** The latent cache that replaces a missing image. */
  readonly onlyLatents?: string;
}

/** The images of a dataset's subsets. */
export interface LoadedSubsets {
  /** Training images, then regularisation images. */
  readonly entries: readonly ImageEntry[];
  readonly subsets: readonly LoadedSubset[];
  /** Number of training images, with repeats. */
  readonly numTrainImages: number;
  /** Number of regularisation images with repeats, before balancing. */
  readonly numRegImages: number;
}

export interface LoadedSubset {
  readonly plan: SubsetPlan;
  readonly imageCount: number;
}

/** Context for reading subsets. */
export interface LoadContext {
  readonly warnings: DatasetWarnings;
  /** The run's generator: chooses validation images if there is no validation_seed. */
  readonly random: PythonRandom;
  /** Undefined: latent caches are not used. */
  readonly caching: LatentCaching | undefined;
}

/** An image to train on, with its bucket. */
export interface TrainingImage extends ImageEntry, BucketChoice {
  /** Size of the image in pixels: as stored, or as EXIF rotates it. */
  readonly size: Size;
  /** Undefined without an image file. */
  readonly header?: PictureHeader;
  readonly lossWeight: number;
}

/** Reads the images' headers and assigns buckets. Images too long and thin, or too small for any bucket, are left out with a warning.
 *  @throws PICTURE_UNREADABLE */
export async function assignBuckets(
  entries: readonly ImageEntry[],
  plan: DatasetPlan,
  limits: BucketLimits | undefined,
  warnings: DatasetWarnings,
): Promise<TrainingImage[]> {
  const known = await headersOf(entries);
  const choose = chooserOf(plan, limits);
  return entries.flatMap((entry, i) => {
    const { toldSize, ...picture } = known[i]!;
    const { size } = picture;
    if (toldSize) warnings.add("sizeTold", `${entry.path} (${size.join("x")}, not ${toldSize.join("x")})`);
    const choice = choose(size);
    if (!choice && !isTooThin(size, plan)) {
      warnings.add("pictureTooSmall", `${entry.path} (${size.join("x")})`);
      return [];
    }
    if (!choice || choice.resized[0] * choice.resized[1] > budget.resizedPixels.max) {
      warnings.add("aspectTooThin", entry.path);
      return [];
    }
    return [{ ...entry, ...choice, ...picture, lossWeight: entry.isReg ? plan.priorLossWeight : 1 }];
  });
}

/** Whether an image's shorter side would round to 0 bucket steps even at the training area. */
function isTooThin([width, height]: Size, { resolution, bucketResoSteps }: DatasetPlan): boolean {
  const scale = Math.sqrt((resolution[0] * resolution[1]) / (width * height));
  return Math.min(width, height) * scale < bucketResoSteps / 2;
}

function chooserOf(plan: DatasetPlan, limits: BucketLimits | undefined): (size: Size) => BucketChoice | undefined {
  const { resolution, bucketNoUpscale } = plan;
  if (!limits) return (size) => chooseNearest(size, [resolution]);
  if (bucketNoUpscale) return (size) => chooseWithoutUpscaling(size, resolution, limits.step);
  const resolutions = predefinedResolutions(resolution, limits);
  return (size) => chooseNearest(size, resolutions);
}

export const headersAtOnce = 16;

/** An image's size for training, and its header. */
interface KnownPicture {
  readonly size: Size;
  /** Undefined for latents without an image. */
  readonly header?: PictureHeader;
  /** The size in the metadata, if it differs from the image's. */
  readonly toldSize?: Size;
}

/** Size and header of every image.
 *  differs from sd-scripts: the size in a metadata file takes precedence over that of the image.
 *  coinage: the size of an image is that of its file, and a warning names sizes in metadata that differ.
 *  because: an image that was replaced since would be squeezed into the old size.
 *  @throws PICTURE_UNREADABLE naming every image that cannot be read */
export function headersOf(entries: readonly ImageEntry[]): Promise<KnownPicture[]> {
  return mapReportingAll(entries, headersAtOnce, (count) => `${count} images cannot be read.`, headerOf);
}

async function headerOf({ path, size: known, subset, onlyLatents }: ImageEntry): Promise<KnownPicture> {
  if (known && onlyLatents !== undefined) return { size: known };
  const header = await readPictureHeader(path);
  const size = shownSize(header, subset);
  const isOther = known !== undefined && known.join("x") !== header.size.join("x");
  if (size[0] > 0 && size[1] > 0) return { size, header, ...(isOther && { toldSize: known }) };
  throw new CoinageError("PICTURE_UNREADABLE", `${path} has no size.`, { where: path });
}
