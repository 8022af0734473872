import type { DatasetWarnings } from "../warnings.ts";
import type { TrainingImage } from "./training-image.ts";
import { findTwins } from "./twins.ts";

const hugePixels = 40_000_000;
const tinyScale = 2;

/** Notes pictures that are trained on, but hardly as they were meant to be: enlarged, huge, there twice. */
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
