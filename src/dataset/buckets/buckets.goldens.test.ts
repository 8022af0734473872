import { expect, test } from "vitest";
import { describeGoldens, readJson } from "../../../test/goldens.ts";
import type { Size } from "../../pictures/index.ts";
import { drawEpochOrder, PythonRandom, TorchGenerator } from "../../random/index.ts";
import { type Batch, BatchArrangement, drawDatasetSeed } from "./arrangement.ts";
import {
  type BucketChoice,
  bySize,
  chooseNearest,
  chooseWithoutUpscaling,
  cropBoxOf,
  predefinedResolutions,
} from "./resolutions.ts";

interface BucketCase {
  readonly name: string;
  readonly resolution: Size;
  readonly enable_bucket?: false;
  readonly bucket_reso_steps: number;
  readonly bucket_no_upscale: boolean;
  readonly adjusted_min: number;
  readonly adjusted_max: number;
  readonly predefined?: readonly Size[] | null;
  readonly images: readonly {
    readonly size: Size;
    readonly bucket?: Size;
    readonly resized?: Size;
    readonly ar_error?: number;
    readonly crop_ltrb?: readonly number[];
    readonly error?: unknown;
  }[];
}

interface OrderCase {
  readonly name: string;
  readonly dataset_seed: number;
  readonly batch_size: number;
  readonly images: readonly { readonly key: string; readonly repeats: number; readonly bucket: Size }[];
  readonly batches_per_epoch: number;
  readonly epochs: readonly {
    readonly epoch: number;
    readonly batches: readonly { readonly bucket: Size; readonly images: readonly string[] }[];
  }[];
  readonly loader: { readonly torch_seed: number; readonly orders: readonly (readonly number[])[] };
}

function chooserOf(golden: BucketCase): (size: Size) => BucketChoice | undefined {
  const { resolution, bucket_reso_steps: step, adjusted_min: minSide, adjusted_max: maxSide } = golden;
  if (golden.enable_bucket === false) return (size) => chooseNearest(size, [resolution]);
  if (golden.bucket_no_upscale) return (size) => chooseWithoutUpscaling(size, resolution, step);
  const resolutions = predefinedResolutions(resolution, { minSide, maxSide, step });
  return (size) => chooseNearest(size, resolutions);
}

function bucketsOf(images: OrderCase["images"]): Batch<string>[] {
  const buckets = new Map<string, { resolution: Size; images: string[] }>();
  for (const { key, repeats, bucket } of images) {
    const found = buckets.get(bucket.join()) ?? { resolution: bucket, images: [] };
    found.images.push(...Array.from({ length: repeats }, () => key));
    buckets.set(bucket.join(), found);
  }
  return [...buckets.values()].sort((a, b) => bySize(a.resolution, b.resolution));
}

describeGoldens("dataset", (folder) => {
  test.each(readJson<BucketCase[]>(folder, "buckets.json"))("buckets $name", (golden) => {
    const choose = chooserOf(golden);
    if (golden.predefined && !golden.bucket_no_upscale) {
      const { resolution, adjusted_min: minSide, adjusted_max: maxSide, bucket_reso_steps: step } = golden;
      expect(predefinedResolutions(resolution, { minSide, maxSide, step })).toEqual(golden.predefined);
    }
    for (const { size, bucket, resized, ar_error, crop_ltrb } of golden.images) {
      const choice = choose(size);
      if (!bucket || bucket.includes(0)) {
        // sd-scripts divides by zero or makes a bucket of width 0; coinage leaves the image out
        expect(choice, size.join("x")).toBeUndefined();
      } else {
        expect(choice, size.join("x")).toEqual({ bucket, resized, aspectError: ar_error });
        if (crop_ltrb) expect(cropBoxOf(bucket, size)).toEqual(crop_ltrb);
      }
    }
  });

  test.each(readJson<OrderCase[]>(folder, "order.json"))("order $name", (golden) => {
    const arrangement = new BatchArrangement(bucketsOf(golden.images), golden.batch_size, golden.dataset_seed);
    expect(arrangement.batchCount).toBe(golden.batches_per_epoch);
    for (const { epoch, batches } of golden.epochs) {
      const own = arrangement.batches(epoch).map(({ resolution, images }) => ({ bucket: resolution, images }));
      expect(own, `epoch ${epoch}`).toEqual(batches);
    }
  });

  test.each(readJson<OrderCase[]>(folder, "order.json"))(
    "order of the sampler, $name",
    ({ batches_per_epoch: count, loader }) => {
      const generator = new TorchGenerator(loader.torch_seed);
      // recorded from the sampler alone: no loader draws a base seed before it
      const own = loader.orders.map(() => new TorchGenerator(generator.random63()).randperm(count));
      expect(own).toEqual(loader.orders);
      expect(drawEpochOrder(generator, count).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: count }, (_, i) => i),
      );
    },
  );

  test.each(readJson<{ python_seed: number; dataset_seed: number }[]>(folder, "dataset_seed.json"))(
    "dataset seed from $python_seed",
    ({ python_seed, dataset_seed }) => {
      expect(drawDatasetSeed(new PythonRandom(python_seed))).toBe(dataset_seed);
    },
  );
});
