import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { epochOf, gradient, openSeeded, temporaryFolder, writePicture } from "../../../test/datasets.ts";
import { arrayOf } from "../../array/index.ts";
import { batchLossMasks } from "../index.ts";

const at = temporaryFolder();

async function writeConfig(subset: string): Promise<string> {
  const lines = ["[[datasets]]", "resolution = 64", "[[datasets.subsets]]", `image_dir = ${JSON.stringify(at("img"))}`];
  await writeFile(at("d.toml"), [...lines, subset].join("\n"));
  return at("d.toml");
}

const withMasks = () => `conditioning_data_dir = ${JSON.stringify(at("masks"))}`;

describe("loss masks of the alpha channel", () => {
  test("are mirrored with the picture; a picture without one counts everywhere", async () => {
    await writePicture(at("img/a.png"), 64, 64, 4);
    await writePicture(at("img/b.png"), 64, 64);
    const datasetConfig = await writeConfig("alpha_mask = true\nflip_aug = true\nnum_repeats = 8");
    const batches = await epochOf(await openSeeded({ datasetConfig, trainBatchSize: 2 }), 1);
    for (const { imageKey, flipped, lossMask } of batches.flatMap(({ samples }) => samples)) {
      const [left, right] = [lossMask!.data[0], lossMask!.data[63]];
      expect([left, right]).toEqual(imageKey.endsWith("b.png") ? [1, 1] : flipped ? [0, 1] : [1, 0]);
    }
  });

  test("count everywhere for samples of a batch that have none", async () => {
    await writePicture(at("img/a.png"), 64, 64, 4);
    const datasetConfig = await writeConfig("num_repeats = 2");
    const [batch] = await epochOf(await openSeeded({ datasetConfig, trainBatchSize: 2 }), 1);
    expect(batchLossMasks(batch!)).toBeUndefined();
    const [first, second] = batch!.samples;
    const samples = [first!, { ...second!, lossMask: arrayOf([64, 64], new Float32Array(4096)) }];
    const { data } = batchLossMasks({ ...batch!, samples })!;
    expect([data[0], data[4095], data[4096], data[8191]]).toEqual([1, 1, 0, 0]);
  });
});

describe("loss masks of a folder", () => {
  test("are cut like their picture", async () => {
    await writePicture(at("img/a.png"), 128, 64);
    await writePicture(at("masks/a.png"), 128, 64);
    const datasetConfig = await writeConfig(withMasks());
    const [batch] = await epochOf(await openSeeded({ datasetConfig, maskedLoss: true }), 1);
    // red is the column, and the middle 64 of 128 columns are kept
    expect([...batch!.samples[0]!.lossMask!.data.slice(0, 2)]).toEqual(
      [32, 33].map((value) => expect.closeTo(value / 255, 6)),
    );
  });

  test.each([
    ["a mask without picture", "masks/c.png"],
    ["a picture without mask", "img/c.png"],
  ])("refuse %s", async (_, file) => {
    for (const name of ["img/a.png", "masks/a.png", file]) await writePicture(at(name), 64, 64);
    const datasetConfig = await writeConfig(withMasks());
    await expect(openSeeded({ datasetConfig, maskedLoss: true })).rejects.toMatchObject({
      code: "MASK_MISSING",
      message: expect.stringContaining("c.png"),
    });
  });

  test("that cannot be read are reported before training, all at once", async () => {
    for (const name of ["a.png", "b.png"]) {
      await writePicture(at("img", name), 64, 64);
      await writePicture(at("masks", name), 64, 64);
      await writeFile(at("masks", name), "no picture");
    }
    const datasetConfig = await writeConfig(withMasks());
    await expect(openSeeded({ datasetConfig, maskedLoss: true })).rejects.toMatchObject({
      code: "PICTURE_UNREADABLE",
      message: "2 masks cannot be read.",
    });
  });

  test("refuse a missing folder, random crops, and with buckets a mask of another size", async () => {
    await writePicture(at("img/a.png"), 64, 64);
    const datasetConfig = await writeConfig(withMasks());
    await expect(openSeeded({ datasetConfig, maskedLoss: true })).rejects.toMatchObject({ code: "MASK_MISSING" });
    await writePicture(at("masks/a.png"), 32, 32);
    await expect(openSeeded({ datasetConfig, maskedLoss: true, randomCrop: true })).rejects.toMatchObject({
      code: "DATASET_CONFIG",
    });
    const bucketed = { datasetConfig, maskedLoss: true, enableBucket: true, minBucketReso: 64 };
    await expect(openSeeded(bucketed)).rejects.toMatchObject({
      code: "MASK_MISSING",
      message: expect.stringContaining("is 32x32, its image 64x64"),
    });
    const { warnings } = await openSeeded({ datasetConfig, maskedLoss: true });
    expect(warnings.find(({ kind }) => kind === "maskStretched")?.subjects).toEqual([
      `${at("masks/a.png")} (32x32, not 64x64)`,
    ]);
  });

  test("that EXIF rotates are reported; where only one of image and mask is rotated, that is given as the reason why they do not fit", async () => {
    const write = async (file: string, [width, height]: readonly [number, number], orientation: number) => {
      await mkdir(path.dirname(at(file)), { recursive: true });
      const { data, ...raw } = gradient(width, height);
      await sharp(data, { raw }).withMetadata({ orientation }).png().toFile(at(file));
    };
    await write("img/a.png", [128, 64], 6);
    await write("masks/a.png", [128, 64], 6);
    const datasetConfig = await writeConfig(withMasks());
    const settings = { datasetConfig, maskedLoss: true, enableBucket: true, minBucketReso: 64 };
    const { warnings } = await openSeeded(settings);
    const turned = warnings.find(({ kind }) => kind === "pictureTurned");
    expect(turned?.subjects.toSorted()).toEqual([at("img/a.png"), at("masks/a.png")]);
    expect((await openSeeded({ ...settings, exifTranspose: true })).warnings).not.toContainEqual(turned);

    await write("masks/a.png", [64, 128], 1);
    await expect(openSeeded(settings)).rejects.toMatchObject({
      hint: expect.stringContaining("--exif_transpose uses"),
    });
    await openSeeded({ ...settings, exifTranspose: true });
    await write("masks/a.png", [128, 64], 1);
    await expect(openSeeded({ ...settings, exifTranspose: true })).rejects.toMatchObject({
      hint: expect.stringContaining("leave out --exif_transpose"),
    });
  });
});
