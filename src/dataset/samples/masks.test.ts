import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { epochOf, openSeeded, temporaryFolder, writePicture } from "../../../test/datasets.ts";
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
    // The red channel is the column, and the middle 64 of 128 columns are kept.
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

  test("that cannot be read are told before training, all at once", async () => {
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
    await expect(epochOf(await openSeeded(bucketed), 1)).rejects.toMatchObject({ code: "MASK_MISSING" });
  });
});
