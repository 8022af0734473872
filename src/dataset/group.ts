import { CoinageError } from "../errors/index.ts";
import { FilesInUse } from "../files/index.ts";
import { PythonRandom } from "../random/index.ts";
import { type BatchArrangement, drawDatasetSeed } from "./buckets/arrangement.ts";
import { processCaption, stillCaption } from "./captions/caption.ts";
import type { Replacements } from "./captions/templates.ts";
import { ahead, inTurns, workAhead } from "./concurrency.ts";
import type { LatentCaching } from "./config/plan.ts";
import { arrange, type Dataset } from "./dataset.ts";
import type { TrainingImage } from "./images/training-image.ts";
import { type CachingProgress, cacheLatents, type PictureEncoder } from "./latents/cache.ts";
import { LatentStore } from "./latents/store.ts";
import { type MicroBatch, type PreparedSample, prepareSample, prepareStill } from "./samples/sample.ts";
import type { DatasetWarning } from "./warnings.ts";

/** What captions of an epoch depend on. */
export interface EpochContext {
  readonly replacements: Replacements;
  readonly maxTrainSteps: number;
  /** Optimizer steps done; called for each batch. */
  readonly currentStep: () => number;
}

interface PlannedBatch {
  readonly index: number;
  readonly dataset: number;
  readonly images: readonly TrainingImage[];
}

interface PreparedBatch extends PlannedBatch {
  readonly samples: readonly { readonly sample: PreparedSample; readonly random: PythonRandom }[];
}

/** All datasets of a run, ready for training. */
export class DatasetGroup {
  readonly datasets: readonly Dataset[];
  readonly warnings: readonly DatasetWarning[];
  /** Seed of all datasets, for arrangements and every sample's generator. */
  readonly seed: number;
  readonly #arrangements: readonly BatchArrangement<TrainingImage>[];
  readonly #latents: LatentStore | undefined;
  readonly #files = new FilesInUse();
  readonly #inTurn = inTurns(ahead.pictures);

  constructor(
    datasets: readonly Dataset[],
    warnings: readonly DatasetWarning[],
    random: PythonRandom,
    caching: LatentCaching | undefined,
  ) {
    this.datasets = datasets;
    this.warnings = warnings;
    this.seed = drawDatasetSeed(random);
    this.#arrangements = datasets.map((dataset) => arrange(dataset, this.seed));
    this.#latents = caching && new LatentStore([...this.images, ...this.heldOut], caching);
    for (const file of [...this.images, ...this.heldOut].flatMap(filesOf)) this.#files.note(file);
  }

  /** Batches per epoch; 0 without images. */
  get batchesPerEpoch(): number {
    return this.#arrangements.reduce((sum, { batchCount }) => sum + batchCount, 0);
  }

  get images(): TrainingImage[] {
    return this.datasets.flatMap(({ images }) => images);
  }

  /** Images held out from training, for measurement. */
  get heldOut(): TrainingImage[] {
    return this.datasets.flatMap(({ heldOut }) => heldOut);
  }

  get numTrainImages(): number {
    return this.datasets.reduce((sum, { numTrainImages }) => sum + numTrainImages, 0);
  }

  get numRegImages(): number {
    return this.datasets.reduce((sum, { numRegImages }) => sum + numRegImages, 0);
  }

  /** Encodes all images once, if the settings ask for cached latents.
   *  @throws PICTURE_UNREADABLE, PICTURE_CHANGED, OUTPUT_UNWRITABLE, LATENTS_UNREADABLE */
  async *cacheLatents(encoder: PictureEncoder): AsyncGenerator<CachingProgress> {
    if (!this.#latents) return;
    const all = this.datasets.map(({ images, heldOut }) => ({ images: [...images, ...heldOut] }));
    yield* cacheLatents(all, encoder, this.#latents);
    this.#requireUnchanged(this.images.flatMap(filesOf));
  }

  /** The batches of an epoch in the loader's order, images decoded a few batches ahead.
   *  epoch: from 1. order: batch numbers, a permutation of 0..batchesPerEpoch-1 or a part of one.
   *  @throws PICTURE_UNREADABLE, PICTURE_CHANGED, LATENTS_UNREADABLE, MASK_MISSING */
  async *epochBatches(epoch: number, order: readonly number[], context: EpochContext): AsyncGenerator<MicroBatch> {
    const batches = this.#batchesOf(epoch);
    const planned = order.map((index) => batches[index]!);
    for await (const { index, dataset, images, samples } of workAhead(planned, ahead.batches, (batch) =>
      this.#prepare(batch, epoch),
    )) {
      const state = { ...context, epoch, step: context.currentStep() };
      yield {
        index,
        dataset,
        resolution: images[0]!.bucket,
        images,
        samples: samples.map(({ sample, random }, i) => {
          const { caption, subset } = images[i]!;
          return { ...sample, caption: processCaption(caption, subset.captions, state, random) };
        }),
      };
    }
  }

  /** A micro-batch of one image without randomness, outside of epochs; from cached latents if there are any. number: selects among the caption's templates or
   *  lines; with flips, odd numbers are mirrored. @throws as epochBatches */
  async stillBatch(image: TrainingImage, replacements: Replacements, number: number): Promise<MicroBatch> {
    const dataset = this.datasets.findIndex(({ images, heldOut }) => images.includes(image) || heldOut.includes(image));
    const latents = await this.#latents?.get(image);
    const sample = await prepareStill(image, this.datasets[dataset]!.plan, latents, number % 2 === 1);
    if (!latents || image.maskPath !== undefined) this.#requireUnchanged(filesOf(image));
    const caption = stillCaption(image.caption, image.subset.captions, replacements, number);
    return { index: 0, dataset, resolution: image.bucket, images: [image], samples: [{ ...sample, caption }] };
  }

  /** The batches of an epoch in the order of the arrangement.
   *  differs from sd-scripts: the first batch of an epoch is put together before the dataset switches to that epoch.
   *  coinage: the dataset switches to an epoch before its first batch.
   *  because: every image is then used as often as its repeats say. */
  #batchesOf(epoch: number): PlannedBatch[] {
    const batches = this.#arrangements.flatMap((arrangement, dataset) =>
      arrangement.batches(epoch).map(({ images }) => ({ dataset, images })),
    );
    return batches.map((batch, index) => ({ ...batch, index }));
  }

  async #prepare(batch: PlannedBatch, epoch: number): Promise<PreparedBatch> {
    const { plan } = this.datasets[batch.dataset]!;
    const samples = batch.images.map((image, position) =>
      this.#inTurn(async () => {
        const random = sampleRandom(this.seed, epoch, batch.index, position);
        const latents = await this.#latents?.get(image);
        const sample = await prepareSample(image, plan, latents, random);
        if (!latents || image.maskPath !== undefined) this.#requireUnchanged(filesOf(image));
        return { sample, random };
      }),
    );
    return { ...batch, samples: await Promise.all(samples) };
  }

  /** Throws if images changed during the run: a training state could not say which version it belongs to. */
  #requireUnchanged(files: readonly string[]): void {
    const change = this.#files.changeOf(files);
    if (change === undefined) return;
    throw new CoinageError("PICTURE_CHANGED", change, {
      hint: "Images are read from disk during the whole run: leave them unchanged, or train on a copy of the folder. With --cache_latents they are read only once.",
    });
  }
}

function filesOf({ path, maskPath }: TrainingImage): string[] {
  return maskPath === undefined ? [path] : [path, maskPath];
}

/** The generator of a sample.
 *  differs from sd-scripts: all samples share one generator for captions, crops and augmentations.
 *  coinage: each sample has a generator of its own, seeded from the dataset's seed, the epoch, the batch and the position.
 *  because: results must not depend on the order in which images are decoded. */
function sampleRandom(seed: number, epoch: number, batch: number, position: number): PythonRandom {
  return new PythonRandom([epoch, batch, position].reduce((key, word) => (key << 32n) | BigInt(word), BigInt(seed)));
}
