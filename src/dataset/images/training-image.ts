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
import { mapTellingAll } from "../concurrency.ts";
import type { DatasetPlan, LatentCaching, SubsetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";

/** A picture of a subset before its size is known. */
export interface ImageEntry {
  /** How sd-scripts names it: the path, or the key in the metadata file. */
  readonly key: string;
  readonly path: string;
  /** As read, before anything random happens to it. */
  readonly caption: string;
  readonly repeats: number;
  readonly isReg: boolean;
  readonly subset: SubsetPlan;
  /** Known beforehand: from metadata, or from the name of the latent cache that stands in. */
  readonly size?: Size;
  /** The picture that says how much each place counts in the loss. */
  readonly maskPath?: string;
  /** A latent cache that stands in for a picture that is not there. */
  readonly onlyLatents?: string;
}

/** What reading a dataset's subsets found. */
export interface LoadedSubsets {
  /** Registered pictures, normal ones first. */
  readonly entries: readonly ImageEntry[];
  readonly subsets: readonly LoadedSubset[];
  /** Normal pictures, each as often as it is repeated. */
  readonly numTrainImages: number;
  /** Regularisation pictures with their own repeats, before they are balanced against the normal ones. */
  readonly numRegImages: number;
}

export interface LoadedSubset {
  readonly plan: SubsetPlan;
  readonly imageCount: number;
}

/** What reading subsets needs beside their plan. */
export interface LoadContext {
  readonly warnings: DatasetWarnings;
  /** The run's generator: splits off validation pictures where they have no seed of their own. */
  readonly random: PythonRandom;
  /** Without it no latent cache is looked at. */
  readonly caching: LatentCaching | undefined;
}

/** A picture that is trained on, with its place among the buckets. */
export interface TrainingImage extends ImageEntry, BucketChoice {
  /** Of the picture, in pixels: as it is stored, or as EXIF turns it. */
  readonly size: Size;
  /** Undefined where there is none to read. */
  readonly header?: PictureHeader;
  readonly lossWeight: number;
}

/** Reads the pictures' headers and gives every picture its bucket. Pictures too long and thin, or too small for any bucket, are left out with a warning.
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
    if (!choice || choice.resized[0] * choice.resized[1] > budget.resizedPixels.most) {
      warnings.add("aspectTooThin", entry.path);
      return [];
    }
    return [{ ...entry, ...choice, ...picture, lossWeight: entry.isReg ? plan.priorLossWeight : 1 }];
  });
}

/** Whether a picture's shorter side would be nearer to nothing than to one bucket step even if it were enlarged to the training area. */
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

/** A picture's size as it is trained on, and its header. */
interface KnownPicture {
  readonly size: Size;
  /** Undefined for latents without a picture. */
  readonly header?: PictureHeader;
  /** A size that metadata tells and the picture does not have. */
  readonly toldSize?: Size;
}

/** Size and header of every picture.
 *  differs from sd-scripts: the size in a metadata file takes precedence over that of the image.
 *  coinage: the size of an image is that of its file, and a warning names sizes in metadata that differ.
 *  because: an image that was replaced since would be squeezed into the old size.
 *  @throws PICTURE_UNREADABLE naming every picture that cannot be read */
export function headersOf(entries: readonly ImageEntry[]): Promise<KnownPicture[]> {
  return mapTellingAll(entries, headersAtOnce, (count) => `${count} images cannot be read.`, headerOf);
}

async function headerOf({ path, size: known, subset, onlyLatents }: ImageEntry): Promise<KnownPicture> {
  if (known && onlyLatents !== undefined) return { size: known };
  const header = await readPictureHeader(path);
  const size = shownSize(header, subset);
  const isOther = known !== undefined && known.join("x") !== header.size.join("x");
  if (size[0] > 0 && size[1] > 0) return { size, header, ...(isOther && { toldSize: known }) };
  throw new CoinageError("PICTURE_UNREADABLE", `${path} has no size.`, { where: path });
}
