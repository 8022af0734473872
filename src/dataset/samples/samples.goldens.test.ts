import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { describeGoldens, largestDifference, readJson } from "../../../test/goldens.ts";
import type { ConfigTable, ConfigValue } from "../../formats/config/index.ts";
import {
  channelToFloats,
  decodePicture,
  dropAlpha,
  type Picture,
  pictureToFloats,
  type Size,
} from "../../pictures/index.ts";
import { PythonRandom } from "../../random/index.ts";
import { bucketLimitsOf, cropBoxOf } from "../buckets/resolutions.ts";
import { formatPath } from "../config/check.ts";
import { type DatasetPlan, resolveDatasets } from "../config/plan.ts";
import { assignBuckets, type TrainingImage } from "../images/training-image.ts";
import { DatasetWarnings } from "../warnings.ts";
import { applyGamma, shiftHue } from "./colour.ts";
import { fitToBucket } from "./place.ts";
import { prepareSample } from "./sample.ts";

interface FitCase {
  readonly name: string;
  readonly file: string;
  readonly alpha_mask: boolean;
  readonly size: Size;
  readonly bucket: Size;
  readonly resized: Size;
  readonly original_size: Size;
  readonly crop_ltrb: readonly number[];
  readonly expected: string;
  readonly resize_interpolation: string | null;
  readonly tensor: {
    readonly mean: number;
    readonly first_row_first_4: readonly (readonly number[])[];
    readonly sha256_float32_chw: string;
  };
}

interface Draw {
  readonly op: "random" | "randint" | "uniform";
  readonly args: readonly number[];
  readonly value: number;
}

interface UnbucketedCase {
  readonly name: string;
  readonly file: string;
  readonly resolution: Size;
  readonly subset: ConfigTable;
  readonly outputs: readonly {
    readonly draws: readonly Draw[];
    readonly flipped: boolean;
    readonly original_size_hw: Size;
    readonly crop_top_left: Size;
    readonly target_size_hw: Size;
    readonly expected: string;
    readonly error?: unknown;
  }[];
}

/** A generator that replays recorded values and fails on any other draw. */
class Replay extends PythonRandom {
  readonly #draws: Draw[];

  constructor(draws: readonly Draw[]) {
    super(0);
    this.#draws = [...draws];
  }

  override random = () => this.#next("random");
  override randint = (a: number, b: number) => this.#next("randint", a, b);
  override uniform = (a: number, b: number) => this.#next("uniform", a, b);

  get left(): number {
    return this.#draws.length;
  }

  #next(op: Draw["op"], ...args: readonly number[]): number {
    const draw = this.#draws.shift();
    expect([op, ...args]).toEqual([draw?.op, ...(draw?.args ?? [])]);
    return draw!.value;
  }
}

/** Keys of the fit cases that are keys of a dataset config. */
const configKeys = [
  "resolution",
  "enable_bucket",
  "min_bucket_reso",
  "max_bucket_reso",
  "bucket_reso_steps",
  "bucket_no_upscale",
  "resize_interpolation",
];

async function imageOf(file: string, table: ConfigTable, subset: ConfigTable): Promise<[TrainingImage, DatasetPlan]> {
  const config = {
    placeOf: formatPath,
    general: {},
    datasets: [{ kind: "dreambooth" as const, table, subsets: [{ image_dir: ".", ...subset }] }],
  };
  const plan = resolveDatasets(config, {})[0]!;
  const entry = { key: file, path: file, caption: "", repeats: 1, isReg: false, subset: plan.subsets[0]! };
  const warnings = new DatasetWarnings();
  const [image] = await assignBuckets([entry], plan, bucketLimitsOf(plan, warnings), warnings);
  return [image!, plan];
}

async function readRecorded(file: string, alpha: boolean): Promise<Picture> {
  return decodePicture(file, { alpha });
}

describeGoldens("images", (folder) => {
  const at = (file: string) => path.join(folder, file);

  test.each(readJson<FitCase[]>(folder, "fit.json"))("fit $name", async (golden) => {
    const isAlpha = golden.alpha_mask;
    const set = configKeys.map((key) => [key, (golden as unknown as ConfigTable)[key]] as const);
    const table = Object.fromEntries(set.filter(([, value]) => value !== null)) as Record<string, ConfigValue>;
    const [image] = await imageOf(at(golden.file), table, { alpha_mask: isAlpha });
    expect([image.size, image.bucket, image.resized]).toEqual([golden.size, golden.bucket, golden.resized]);
    expect(cropBoxOf(image.bucket, golden.original_size)).toEqual(golden.crop_ltrb);

    // from the recorded decoded image, so that JPEG decoders need not agree
    const stem = path.basename(golden.file);
    const decoded = [`decoded/${stem}.rgba.png`, `decoded/${stem}.rgb.png`]
      .map(at)
      .filter((file) => existsSync(file) && (isAlpha || !file.includes(".rgba.")));
    const source = await readRecorded(decoded[0]!, isAlpha);
    const { bucket, resized, subset } = image;
    const fitted = fitToBucket(source, { bucket, resized, interpolation: subset.resizeInterpolation });
    const expected = await readRecorded(at(golden.expected), isAlpha);
    const isOpencv = ["area", "bilinear", "bicubic"].includes(
      golden.resize_interpolation ?? (resized[0] > golden.size[0] || resized[1] > golden.size[1] ? "lanczos" : "area"),
    );
    expect(largestDifference(fitted.data, expected.data)).toBeLessThanOrEqual(isOpencv ? 1 : 0);

    const tensor = pictureToFloats(dropAlpha(expected));
    const digest = createHash("sha256").update(Buffer.from(tensor.data.buffer)).digest("hex");
    expect(digest).toBe(golden.tensor.sha256_float32_chw);
    if (isAlpha)
      expect(channelToFloats(expected, 3).data).toEqual(
        Float32Array.from(
          expected.data.filter((_, i) => i % 4 === 3),
          (v) => v / 255,
        ),
      );
  });

  test.each(readJson<UnbucketedCase[]>(folder, "unbucketed.json"))(
    "unbucketed $name",
    async ({ file, resolution, subset, outputs }) => {
      const [image, plan] = await imageOf(at(file), { resolution }, subset);
      for (const output of outputs) {
        const random = new Replay(output.draws);
        const sample = await prepareSample(image, plan, undefined, random);
        expect(random.left).toBe(0);
        if (output.error) {
          // sd-scripts refuses an image of another size without crop options; coinage fits it as with bucketing
          expect(sample.pixels!.shape).toEqual([3, resolution[1], resolution[0]]);
          continue;
        }
        expect(sample.flipped).toBe(output.flipped);
        expect(sample.originalSizeHw).toEqual(output.original_size_hw);
        // for a mirrored image without crop box, the crop's left edge is the whole width in sd-scripts and 0 in coinage
        expect(sample.cropTopLeft).toEqual(output.flipped ? [0, 0] : output.crop_top_left);
        expect(sample.targetSizeHw).toEqual(output.target_size_hw);
        const isAlpha = subset.alpha_mask === true;
        const expected = await readRecorded(at(output.expected), isAlpha);
        const isResized = subset.face_crop_aug_range !== undefined;
        expect(largestDifference(sample.pixels!.data, pictureToFloats(dropAlpha(expected)).data)).toBeLessThanOrEqual(
          isResized ? 2.01 / 255 : 0,
        );
        if (isAlpha) expect(sample.lossMask).toEqual(channelToFloats(expected, 3));
      }
    },
  );

  test.each(
    readJson<{ name: string; kind: "hue" | "gamma"; value: number; input: string; expected: string }[]>(
      folder,
      "colour.json",
    ),
  )("colour $name", async ({ kind, value, input, expected }) => {
    const picture = await readRecorded(at(input), false);
    const changed = kind === "hue" ? shiftHue(picture, value) : applyGamma(picture, value);
    const recorded = await readRecorded(at(expected), false);
    expect(largestDifference(changed.data, recorded.data)).toBeLessThanOrEqual(kind === "hue" ? 1 : 0);
  });
});
