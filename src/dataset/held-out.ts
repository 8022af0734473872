import { CoinageError, plural } from "../errors/index.ts";
import { PythonRandom } from "../random/index.ts";
import { bucketsOf, type Dataset } from "./dataset.ts";
import type { TrainingImage } from "./images/training-image.ts";

/** Fewest images left for training. */
const leastLeft = 2;

/** The datasets with some images held out from training, for measurement: always the same ones of the same images.
 *  @throws HOLD_OUT if too few are left for training */
export function holdOut(datasets: readonly Dataset[], count: number): readonly Dataset[] {
  if (count === 0) return datasets;
  const learned = datasets.flatMap(({ images }) => images.filter(({ isReg }) => !isReg));
  const paths = [...new Set(learned.map(({ path }) => path))];
  if (paths.length - count < leastLeft)
    throw new CoinageError(
      "HOLD_OUT",
      `${plural(paths.length, "image")} are too few to hold ${count} out: at least ${leastLeft} must be left to train on.`,
      { where: `--hold_out ${count}`, hint: "Add images, or leave out --hold_out: all images are then trained on." },
    );
  new PythonRandom(0).shuffle(paths);
  const held = new Set(paths.slice(0, count));
  return datasets.map((dataset) => without(dataset, ({ path, isReg }) => !isReg && held.has(path)));
}

function without(dataset: Dataset, isHeld: (image: TrainingImage) => boolean): Dataset {
  const [heldOut, images] = [dataset.images.filter(isHeld), dataset.images.filter((image) => !isHeld(image))];
  const repeats = heldOut.reduce((sum, image) => sum + image.repeats, 0);
  const numTrainImages = dataset.numTrainImages - repeats;
  return { ...dataset, images, heldOut, buckets: bucketsOf(images), numTrainImages };
}
