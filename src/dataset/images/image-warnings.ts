import { stat } from "node:fs/promises";
import { decodePicture, isTransparent } from "../../pictures/index.ts";
import { strip } from "../captions/caption.ts";
import { mapBounded } from "../concurrency.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { digestOfFile } from "./paths.ts";
import type { ImageEntry, TrainingImage } from "./training-image.ts";

const hugePixels = 40_000_000;
const tinyScale = 2;

/** Warns of images that may not be trained on as expected: enlarged, huge, duplicate, rotated by EXIF, animated, transparent. */
export async function warnAboutImages(images: readonly TrainingImage[], warnings: DatasetWarnings): Promise<void> {
  const decoded = images.filter(({ onlyLatents }) => onlyLatents === undefined);
  const paths = (isOdd: (image: TrainingImage) => boolean) => decoded.filter(isOdd).map(({ path }) => path);
  warnings.addAll(
    "pictureTiny",
    paths((image) => scaleOf(image) > tinyScale),
  );
  warnings.addAll(
    "pictureUpscaled",
    paths((image) => scaleOf(image) > 1 && scaleOf(image) <= tinyScale),
  );
  warnings.addAll(
    "pictureHuge",
    paths(({ size: [width, height] }) => width * height > hugePixels),
  );
  warnings.addAll(
    "pictureTurned",
    paths(({ header, subset }) => (header?.orientation ?? 1) !== 1 && !subset.exifTranspose),
  );
  warnings.addAll(
    "pictureAnimated",
    paths(({ header }) => (header?.pages ?? 1) > 1),
  );
  await warnAboutTransparency(decoded, warnings);
  const duplicates = await findDuplicates(decoded);
  warnings.addAll(
    "pictureTwice",
    duplicates.map(([first, second]) => `${first.path} = ${second.path}`),
  );
}

/** Factor by which an image is enlarged. */
function scaleOf({ size, resized }: TrainingImage): number {
  return Math.max(resized[0] / size[0], resized[1] / size[1]);
}

/** Most pixels decoded to find transparency: some seconds. */
const lookedAtPixels = 100_000_000;
const picturesAtOnce = 4;

/** Checks pixels for transparency, since most images with an alpha channel are opaque; if there are very many, only some. */
async function warnAboutTransparency(images: readonly TrainingImage[], warnings: DatasetWarnings): Promise<void> {
  const suspects = images.filter(
    ({ header, subset }) => header?.hasAlpha && !subset.alphaMask && subset.alphaBackground === undefined,
  );
  const pixels = suspects.reduce((sum, { size: [width, height] }) => sum + width * height, 0);
  const stride = Math.max(1, Math.ceil(pixels / lookedAtPixels));
  const lookedAt = suspects.filter((_, i) => i % stride === 0);
  const areTransparent = await mapBounded(lookedAt, picturesAtOnce, ({ path }) =>
    // training reports images that cannot be decoded
    decodePicture(path, { alpha: true }).then(isTransparent, () => false),
  );
  const transparent = lookedAt.filter((_, i) => areTransparent[i]);
  warnings.addAll(
    "pictureTransparent",
    transparent.map(({ path }) => path),
  );
  if (transparent.length > 0 && stride > 1)
    warnings.add("transparencySampled", `${lookedAt.length} of ${suspects.length}`);
}

type Duplicates = readonly [first: TrainingImage, second: TrainingImage];

const filesAtOnce = 8;

/** Images of a subset whose files are identical, each with the first of its kind.
 *  Reads only files of equal image size and length, and completely only if their middles are equal. */
async function findDuplicates(images: readonly TrainingImage[]): Promise<Duplicates[]> {
  const subsets = new Map(images.map(({ subset }, i) => [subset, i]));
  const bySize = await refine([images], async ({ subset, size }) => `${subsets.get(subset)} ${size.join("x")}`);
  const byLength = await refine(bySize, async ({ path }) => `${(await stat(path)).size}`);
  const byMiddle = await refine(byLength, ({ path }) => digestOfFile(path, "middle"));
  const duplicates = await refine(byMiddle, ({ path }) => digestOfFile(path, "whole"));
  return duplicates.flatMap(([first, ...others]) => others.map((other) => [first!, other] as const));
}

/** Splits every group by a key and keeps the parts with several images. An unreadable file equals no other; training reports it. */
async function refine(
  groups: readonly (readonly TrainingImage[])[],
  keyOf: (image: TrainingImage) => Promise<string>,
): Promise<TrainingImage[][]> {
  const parts: TrainingImage[][] = [];
  for (const group of groups) {
    const keys = await mapBounded(group, filesAtOnce, (image) => keyOf(image).catch(() => undefined));
    const byKey = new Map<string, TrainingImage[]>();
    for (const [i, image] of group.entries()) {
      const key = keys[i];
      if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), image]);
    }
    parts.push(...[...byKey.values()].filter(({ length }) => length > 1));
  }
  return parts;
}

const alternatives = /\{[^{}|]*\|[^{}]*\}/;

/** Warns of a caption that will not be used as its author expects. */
export function warnAboutCaption({ path, caption, subset }: ImageEntry, warnings: DatasetWarnings): void {
  const { enableWildcard, keepTokensSeparator, shuffleCaption, tokenWarmupStep, captionTagDropoutRate } =
    subset.captions;
  if (caption === "") warnings.add("captionBlank", path);
  const areTagsArranged = shuffleCaption || tokenWarmupStep > 0 || captionTagDropoutRate > 0;
  if (keepTokensSeparator && caption.includes(keepTokensSeparator) && !areTagsArranged)
    warnings.add("captionSeparator", path);
  if (enableWildcard) return;
  if (caption.split("\n").slice(1).some(isWritten)) warnings.add("captionLines", path);
  if (alternatives.test(caption)) warnings.add("captionAlternatives", path);
}

function isWritten(line: string): boolean {
  return strip(line) !== "";
}
