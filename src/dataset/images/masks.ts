import path from "node:path";
import { CoinageError, firstFew } from "../../errors/index.ts";
import { didYouMean, kindOfPath } from "../../files/index.ts";
import { type PictureHeader, readPictureHeader, type Size, shownSize } from "../../pictures/index.ts";
import { mapReportingAll } from "../concurrency.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { loadDreamBooth } from "./dreambooth.ts";
import { stemOf } from "./paths.ts";
import { readPictureFolder } from "./picture-folder.ts";
import {
  headersAtOnce,
  type ImageEntry,
  type LoadContext,
  type LoadedSubsets,
  type TrainingImage,
} from "./training-image.ts";

/** Reads a mask-image dataset: as DreamBooth, with a mask of the same name for every image.
 *  @throws MASK_MISSING for images without mask and masks without image, DATASET_CONFIG with random_crop */
export async function loadWithMasks(plan: DatasetPlan, context: LoadContext): Promise<LoadedSubsets> {
  const cropped = plan.subsets.find(({ randomCrop }) => randomCrop);
  if (cropped) throw new CoinageError("DATASET_CONFIG", `random_crop cannot be used with masks (${cropped.imageDir}).`);
  const loaded = await loadDreamBooth(plan, context);
  const entries: ImageEntry[] = [];
  const missing: string[] = [];
  const unused = new Set<string>();
  for (const { plan: subset } of loaded.subsets) {
    const masks = await masksIn(subset.conditioningDataDir!, context.warnings);
    const stems = new Set<string>();
    for (const entry of loaded.entries.filter((candidate) => candidate.subset === subset)) {
      const stem = stemOf(entry.path);
      const maskPath = masks.get(stem)?.[0];
      if (maskPath === undefined) missing.push(entry.path);
      else entries.push({ ...entry, maskPath });
      stems.add(stem);
    }
    for (const [stem, files] of masks) if (!stems.has(stem)) for (const file of files) unused.add(path.resolve(file));
  }
  if (missing.length > 0) throw unpaired("images have no mask", missing);
  const used = new Set(entries.map(({ maskPath }) => path.resolve(maskPath!)));
  const orphans = [...unused].filter((file) => !used.has(file));
  if (orphans.length > 0) throw unpaired("masks have no image", orphans);
  return { ...loaded, entries };
}

/** The images of a folder by stem, sorted. */
async function masksIn(folder: string, warnings: DatasetWarnings): Promise<Map<string, string[]>> {
  if ((await kindOfPath(folder)) !== "folder") {
    const hint = didYouMean(folder);
    throw new CoinageError("MASK_MISSING", `The mask folder ${folder} does not exist.`, {
      where: "conditioning_data_dir",
      ...(hint !== undefined && { hint }),
    });
  }
  const masks = new Map<string, string[]>();
  const { pictures, undecodable } = await readPictureFolder(folder);
  warnings.addAll("pictureUndecodable", undecodable);
  for (const file of pictures) masks.set(stemOf(file), [...(masks.get(stemOf(file)) ?? []), file]);
  return masks;
}

function unpaired(what: string, files: readonly string[]): CoinageError {
  return new CoinageError("MASK_MISSING", `${files.length} ${what}: ${firstFew(files)}.`, {
    hint: "A mask has the name of its image, with any image extension, and is in conditioning_data_dir.",
  });
}

interface Masked {
  readonly image: TrainingImage;
  readonly header: PictureHeader;
  readonly size: Size;
}

/** Checks that masks are readable and fit their images, before any long work.
 *  @throws PICTURE_UNREADABLE naming every unreadable mask; MASK_MISSING, with buckets, for masks whose size differs from their image's */
export async function checkMasks(
  images: readonly TrainingImage[],
  { enableBucket }: DatasetPlan,
  warnings: DatasetWarnings,
): Promise<void> {
  const withMask = images.filter(({ maskPath }) => maskPath !== undefined);
  const title = (count: number) => `${count} masks cannot be read.`;
  const masked = await mapReportingAll(withMask, headersAtOnce, title, async (image): Promise<Masked> => {
    const header = await readPictureHeader(image.maskPath!);
    return { image, header, size: shownSize(header, image.subset) };
  });
  const turned = masked.filter(({ image, header }) => header.orientation !== 1 && !image.subset.exifTranspose);
  warnings.addAll(
    "pictureTurned",
    turned.map(({ image }) => image.maskPath!),
  );
  const unlike = masked.filter(({ image, size }) => size.join("x") !== image.size.join("x"));
  if (enableBucket && unlike.length > 0) throw unlikeTheirPictures(unlike);
  warnings.addAll("maskStretched", unlike.map(sizesOf));
}

function unlikeTheirPictures(unlike: readonly Masked[]): CoinageError {
  const [{ image, size }] = unlike as [Masked, ...Masked[]];
  const message =
    unlike.length === 1
      ? `The mask ${image.maskPath} is ${size.join("x")}, its image ${image.size.join("x")}.`
      : `${unlike.length} masks differ in size from their images: ${firstFew(unlike.map(sizesOf))}.`;
  return new CoinageError("MASK_MISSING", message, {
    where: image.path,
    hint: unlike.every(isTurnedAlone) ? turningHint(image) : "Make each mask the size of its image.",
  });
}

function sizesOf({ image, size }: Masked): string {
  return `${image.maskPath} (${size.join("x")}, not ${image.size.join("x")})`;
}

/** Whether mask and image do not fit because EXIF rotates only one of them. */
function isTurnedAlone({ image, header, size }: Masked): boolean {
  const isOnItsSide = size[0] === image.size[1] && size[1] === image.size[0];
  return isOnItsSide && header.orientation !== (image.header?.orientation ?? 1);
}

function turningHint({ subset }: TrainingImage): string {
  const turned = "EXIF rotates only one of image and mask";
  return subset.exifTranspose
    ? `${turned}: save the masks as viewers show their images, or leave out --exif_transpose.`
    : `${turned}: --exif_transpose uses both as viewers show them.`;
}
