import type { Size } from "../../pictures/index.ts";
import { PythonRandom } from "../../random/index.ts";

/** Images trained at one resolution, each as often as its repeats say. */
export interface Bucket<Image> {
  readonly resolution: Size;
  readonly images: readonly Image[];
}

/** A batch of images from one bucket; the last batch of a bucket may be smaller. */
export interface Batch<Image> {
  readonly resolution: Size;
  readonly images: readonly Image[];
}

interface Slice {
  readonly bucket: number;
  readonly start: number;
}

/** The batches of images, reshuffled every epoch. Each shuffle acts on the previous arrangement,
 *  so an epoch needs all earlier epochs' shuffles. Reproduces sd-scripts' arrangements. */
export class BatchArrangement<Image> {
  readonly #buckets: readonly Bucket<Image>[];
  readonly #batchSize: number;
  readonly #seed: number;
  #epoch = 0;
  #slices: Slice[] = [];
  #images: Image[][] = [];

  /** seed: the dataset seed; epoch e is shuffled with seed + e. */
  constructor(buckets: readonly Bucket<Image>[], batchSize: number, seed: number) {
    this.#buckets = buckets;
    this.#batchSize = batchSize;
    this.#seed = seed;
    this.#restart();
  }

  get batchCount(): number {
    return this.#slices.length;
  }

  /** The batches of an epoch; 0 is the arrangement before the first epoch. */
  batches(epoch: number): Batch<Image>[] {
    if (epoch < this.#epoch) this.#restart();
    while (this.#epoch < epoch) {
      this.#epoch++;
      this.#shuffle(this.#seed + this.#epoch);
    }
    return this.#slices.map(({ bucket, start }) => ({
      resolution: this.#buckets[bucket]!.resolution,
      images: this.#images[bucket]!.slice(start, start + this.#batchSize),
    }));
  }

  #restart(): void {
    this.#epoch = 0;
    this.#images = this.#buckets.map(({ images }) => [...images]);
    this.#slices = this.#buckets.flatMap(({ images }, bucket) =>
      Array.from({ length: Math.ceil(images.length / this.#batchSize) }, (_, i) => ({
        bucket,
        start: i * this.#batchSize,
      })),
    );
    // sd-scripts also shuffles once while building the dataset, before it knows the seed
    this.#shuffle(0);
  }

  #shuffle(seed: number): void {
    const random = new PythonRandom(seed);
    random.shuffle(this.#slices);
    for (const images of this.#images) random.shuffle(images);
  }
}

/** The seed of all datasets of a run, drawn from the run's generator after the datasets are read. */
export function drawDatasetSeed(random: PythonRandom): number {
  return random.randint(0, 2 ** 31);
}
