import { afterAll, beforeAll, expect, test } from "vitest";
import { describeGoldens, readJson } from "../../test/goldens.ts";
import { arrayOf } from "../array/index.ts";
import { parseTrainArguments, readSettingsFile } from "../options/index.ts";
import type { Size } from "../pictures/index.ts";
import { PythonRandom } from "../random/index.ts";
import { cropBoxOf } from "./buckets/resolutions.ts";
import { openDataset, type PictureEncoder, reportOf, type Sample } from "./index.ts";

interface Run {
  readonly args: readonly string[];
  readonly datasets: readonly {
    readonly num_train_images: number;
    readonly num_reg_images: number;
    readonly batches: number;
    readonly images: readonly {
      readonly key: string;
      readonly caption: string;
      readonly is_reg: boolean;
      readonly repeats: number;
      readonly size: Size;
      readonly bucket: Size;
      readonly resized: Size;
      readonly crop_ltrb: readonly number[] | null;
    }[];
    readonly buckets: readonly { readonly resolution: Size; readonly count: number }[];
  }[];
  readonly vae_calls_are: string;
  readonly vae_calls: readonly { readonly shape: readonly number[] }[];
  readonly micro_batches: readonly {
    readonly image_keys: readonly string[];
    readonly flipped: readonly boolean[];
    readonly loss_weights: readonly number[];
    readonly original_sizes_hw: readonly Size[];
    readonly crop_top_lefts: readonly Size[];
    readonly target_sizes_hw: readonly Size[];
  }[];
}

/** An encoder without a VAE, since its numbers are not tested here; records the shapes it returned. */
function encoder(): PictureEncoder & { shapes: number[][] } {
  const shapes: number[][] = [];
  const encode: PictureEncoder["encode"] = async (pictures) => {
    const { width, height } = pictures[0]!;
    const shape = [pictures.length, 4, height / 8, width / 8];
    shapes.push(shape);
    return () => arrayOf(shape, new Float32Array((pictures.length * 4 * height * width) / 64));
  };
  return { encode, digest: () => "", shapes };
}

const seen = ({ imageKey, flipped }: Pick<Sample, "imageKey" | "flipped">) => `${imageKey} ${flipped}`;

describeGoldens("reference-run", (folder) => {
  const start = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => process.chdir(start));

  const runs = readJson<{ runs: { name: string; folder: string }[] }>(folder, "index.json").runs;
  test.each(runs)("datasets of the run $name", async (entry) => {
    const run = readJson<Run>(folder, entry.folder, "run.json");
    const configFile = parseTrainArguments(run.args).settings.configFile;
    const { settings } = parseTrainArguments(run.args, configFile ? await readSettingsFile(configFile) : undefined);
    const group = await openDataset(settings, { random: new PythonRandom(1) });
    const report = reportOf(group);
    for (const [i, recorded] of run.datasets.entries()) {
      const { images, numTrainImages, numRegImages } = group.datasets[i]!;
      expect([numTrainImages, numRegImages]).toEqual([recorded.num_train_images, recorded.num_reg_images]);
      expect(report.datasets[i]!.buckets).toEqual(recorded.buckets);
      const own = images.map(({ key, caption, isReg, repeats, size, bucket, resized }) => {
        const known = { key, caption, is_reg: isReg, repeats, size, bucket, resized };
        return {
          ...known,
          crop_ltrb: recorded.images.find((image) => image.key === key)?.crop_ltrb && cropBoxOf(bucket, size),
        };
      });
      expect(own).toEqual(recorded.images);
    }

    // the order of samples is tested elsewhere; here equal images must give equal samples
    const vae = encoder();
    for await (const _ of group.cacheLatents(vae));
    if (run.vae_calls_are.startsWith("caching")) expect(vae.shapes).toEqual(run.vae_calls.map(({ shape }) => shape));
    const samples = new Map<string, Sample>();
    const order = Array.from({ length: group.batchesPerEpoch }, (_, k) => k);
    for (let epoch = 1; epoch <= 12; epoch++)
      for await (const batch of group.epochBatches(epoch, order, {
        replacements: [],
        maxTrainSteps: 1,
        currentStep: () => 0,
      }))
        for (const sample of batch.samples) samples.set(seen(sample), sample);
    for (const batch of run.micro_batches)
      for (const [k, imageKey] of batch.image_keys.entries()) {
        const sample = samples.get(seen({ imageKey, flipped: batch.flipped[k]! }))!;
        expect(sample.lossWeight).toBe(batch.loss_weights[k]);
        expect([sample.originalSizeHw, sample.cropTopLeft, sample.targetSizeHw]).toEqual([
          batch.original_sizes_hw[k],
          batch.crop_top_lefts[k],
          batch.target_sizes_hw[k],
        ]);
      }
  });
});
