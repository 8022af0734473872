import { decodePicture, isTransparent } from "../../pictures/index.ts";
import { mapBounded } from "../bounded.ts";
import type { DatasetWarnings } from "../warnings.ts";
import type { TrainingImage } from "./training-image.ts";
import { findTwins } from "./twins.ts";

const hugePixels = 40_000_000;
const tinyScale = 2;

/** Notes pictures that are trained on, but hardly as they were meant to be: enlarged, huge, there twice, turned by EXIF alone, animated, transparent. */
export async function notePictures(images: readonly TrainingImage[], warnings: DatasetWarnings): Promise<void> {
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
  await noteTransparent(decoded, warnings);
  const twins = await findTwins(decoded);
  warnings.addAll(
    "pictureTwice",
    twins.map(([first, second]) => `${first.path} = ${second.path}`),
  );
}

/** How many times larger a picture is made. */
function scaleOf({ size, resized }: TrainingImage): number {
  return Math.max(resized[0] / size[0], resized[1] / size[1]);
}

/** Pixels that are decoded to look for transparency: some seconds. */
const lookedAtPixels = 100_000_000;
const picturesAtOnce = 4;

/** Most pictures with an alpha channel are opaque all the same, so it takes a look at their pixels; of very many only at some of them. */
async function noteTransparent(images: readonly TrainingImage[], warnings: DatasetWarnings): Promise<void> {
  const suspects = images.filter(
    ({ header, subset }) => header?.hasAlpha && !subset.alphaMask && subset.alphaBackground === undefined,
  );
  const pixels = suspects.reduce((sum, { size: [width, height] }) => sum + width * height, 0);
  const stride = Math.max(1, Math.ceil(pixels / lookedAtPixels));
  const lookedAt = suspects.filter((_, i) => i % stride === 0);
  const areTransparent = await mapBounded(lookedAt, picturesAtOnce, ({ path }) =>
    // One that cannot be decoded is told where it is trained on.
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
