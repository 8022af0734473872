import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { arrayOf, type NdArray } from "../array/index.ts";
import { formatNpy, openNpz, readNpzArray, writeNpz } from "../formats/npz/index.ts";
import { encodePng, type Picture } from "../pictures/index.ts";
import { PythonRandom } from "../random/index.ts";
import type { DatasetGroup } from "./group.ts";
import {
  batchLatents,
  batchLossMasks,
  batchPixels,
  type DatasetSettings,
  emptyDatasetError,
  formatListing,
  formatReport,
  listEpoch,
  type MicroBatch,
  openDataset,
  reportOf,
} from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "dataset-"));
});
afterEach(() => rm(folder, { recursive: true }));

const at = (...parts: string[]) => path.join(folder, ...parts);

/** A picture whose pixels tell their place, so that crops and mirrors show. */
function gradient(width: number, height: number, channels: 3 | 4 = 3): Picture {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.set([x, y, (x * y) % 256, x < width / 2 ? 255 : 0].slice(0, channels), (y * width + x) * channels);
  return { width, height, channels, data };
}

async function writePicture(name: string, width: number, height: number, channels: 3 | 4 = 3): Promise<void> {
  await mkdir(path.dirname(at(name)), { recursive: true });
  await writeFile(at(name), await encodePng(gradient(width, height, channels)));
}

/** Five pictures in two buckets, repeated, with captions of several tags. */
async function writeCats(): Promise<DatasetSettings> {
  for (const [i, [width, height]] of [
    [128, 128],
    [140, 128],
    [128, 150],
    [64, 192],
    [70, 192],
  ].entries()) {
    await writePicture(`cats/3_cat/${i}.png`, width!, height!);
    await writeFile(at("cats/3_cat", `${i}.txt`), `mycat, tag ${i}, one, two, three`);
  }
  return {
    trainDataDir: at("cats"),
    resolution: [128, 128],
    enableBucket: true,
    minBucketReso: 64,
    maxBucketReso: 192,
    trainBatchSize: 2,
    captionExtension: ".txt",
    shuffleCaption: true,
    keepTokens: 1,
    flipAug: true,
  };
}

const context = { replacements: [["mycat", "mycat mycat1"]], maxTrainSteps: 10, currentStep: () => 0 } as const;

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function open(settings: DatasetSettings, seed = 7): Promise<DatasetGroup> {
  return openDataset(settings, { random: new PythonRandom(seed) });
}

function epoch(group: DatasetGroup, number: number, order?: readonly number[]): Promise<MicroBatch[]> {
  return collect(
    group.epochBatches(number, order ?? Array.from({ length: group.batchesPerEpoch }, (_, i) => i), context),
  );
}

/** Stands in for the VAE: means of 8x8 blocks of the first channel, so that latents tell their picture. */
function encoder(): { encode: (pixels: NdArray<Float32Array>) => Promise<NdArray<Float32Array>>; shapes: string[] } {
  const shapes: string[] = [];
  const encode = async ({ shape, data }: NdArray<Float32Array>) => {
    shapes.push(shape.join("x"));
    const [count, , height, width] = shape as [number, number, number, number];
    const latents = new Float32Array((count * 4 * height * width) / 64);
    for (let i = 0; i < latents.length; i++) {
      const x = i % (width / 8);
      const item = Math.floor(i / ((4 * height * width) / 64));
      latents[i] = data[item * 3 * height * width + x * 8]!;
    }
    return arrayOf([count, 4, height / 8, width / 8], latents);
  };
  return { encode, shapes };
}

describe("an epoch", () => {
  test("has every picture as often as it is repeated, and batches of one resolution", async () => {
    const group = await open(await writeCats());
    const batches = await epoch(group, 1);
    const keys = batches.flatMap(({ samples }) => samples.map(({ imageKey }) => imageKey));
    for (const { key } of group.images) expect(keys.filter((other) => other === key)).toHaveLength(3);
    expect(keys).toHaveLength(15);
    for (const batch of batches) {
      const [width, height] = batch.resolution;
      expect(batchPixels(batch)!.shape).toEqual([batch.samples.length, 3, height, width]);
      expect(batchLatents(batch)).toBeUndefined();
    }
  });

  test("is the same whatever was drawn before and in whatever order its batches are taken", async () => {
    const settings = await writeCats();
    const straight = await epoch(await open(settings), 2);
    const group = await open(settings);
    await epoch(group, 3, [1]);
    const backwards = await epoch(
      group,
      2,
      [7, 6, 5, 4, 3, 2, 1, 0].filter((index) => index < group.batchesPerEpoch),
    );
    expect(backwards.toReversed()).toEqual(straight);
    expect(await epoch(await open(settings, 8), 2)).not.toEqual(straight);
  });

  test("differs from the one before: other mirrors, other tags", async () => {
    const group = await open(await writeCats());
    const captionsOf = (batches: MicroBatch[]) =>
      batches.flatMap(({ samples }) => samples.map(({ caption, flipped }) => `${caption} ${flipped}`)).sort();
    const [first, second] = [await epoch(group, 1), await epoch(group, 2)];
    expect(captionsOf(first)).not.toEqual(captionsOf(second));
    for (const { caption } of first.flatMap(({ samples }) => samples))
      expect(caption).toMatch(/^mycat mycat1, (?:.*, ){3}/);
  });

  test("asks for the step when a batch is handed out", async () => {
    const settings = { ...(await writeCats()), tokenWarmupStep: 8, shuffleCaption: false };
    const group = await open(settings);
    const tags: number[] = [];
    let step = 0;
    for await (const { samples } of group.epochBatches(1, [0, 1, 2, 3], { ...context, currentStep: () => step })) {
      tags.push(samples[0]!.caption.split(", ").length);
      step += 2;
    }
    expect(tags).toEqual([2, 2, 3, 4]);
  });

  test("can be left early", async () => {
    const group = await open(await writeCats());
    for await (const batch of group.epochBatches(1, [0, 1, 2], context)) {
      expect(batch.samples).toHaveLength(2);
      break;
    }
  });
});

describe("cached latents", () => {
  test("are encoded by bucket area, at most vae_batch_size at once, and mirrored pictures anew", async () => {
    const group = await open({ ...(await writeCats()), cacheLatents: true, vaeBatchSize: 2 });
    const { encode, shapes } = encoder();
    const progress = await collect(group.cacheLatents(encode));
    expect(shapes).toEqual(["2x3x192x64", "2x3x192x64", "2x3x128x128", "2x3x128x128", "1x3x128x128", "1x3x128x128"]);
    expect(progress.map(({ done, total }) => `${done}/${total}`)).toEqual(["2/5", "4/5", "5/5"]);
    const samples = (await epoch(group, 1)).flatMap((batch) => batch.samples);
    expect(samples.every(({ pixels, latents }) => !pixels && latents)).toBe(true);
    const square = samples.filter(({ imageKey }) => imageKey.endsWith("0.png"));
    // The stand-in encoder keeps the first channel, which grows from left to right.
    for (const { flipped, latents } of square) expect(latents!.data[0]! < latents!.data[15]!).toBe(!flipped);
    expect(square[0]!.targetSizeHw).toEqual([128, 128]);
  });

  test("in files are used again, and made anew for other buckets; foreign arrays stay", async () => {
    const settings = { ...(await writeCats()), cacheLatentsToDisk: true, vaeBatchSize: 4 };
    const first = encoder();
    await collect((await open(settings)).cacheLatents(first.encode));
    expect((await readdir(at("cats/3_cat"))).filter((name) => name.endsWith(".npz"))).toContain("3_0064x0192_sd.npz");
    const file = at("cats/3_cat/3_0064x0192_sd.npz");
    expect(readNpzArray(openNpz(await readFile(file)), "original_size")!.data).toEqual(BigInt64Array.of(64n, 192n));

    const again = encoder();
    const group = await open(settings);
    await collect(group.cacheLatents(again.encode));
    expect(again.shapes).toEqual([]);
    expect(batchLatents((await epoch(group, 1))[0]!)!.shape[1]).toBe(4);

    const foreign = formatNpy(arrayOf([1], [5]));
    await writeFile(file, writeNpz(new Map([...openNpz(await readFile(file)), ["foreign", foreign]])));
    const smaller = encoder();
    await collect((await open({ ...settings, resolution: [64, 64] })).cacheLatents(smaller.encode));
    expect(smaller.shapes.length).toBeGreaterThan(0);
    expect([...openNpz(await readFile(file)).keys()]).toContain("foreign");
  });

  test("cannot go with random crops", async () => {
    await expect(open({ ...(await writeCats()), cacheLatents: true, randomCrop: true })).rejects.toMatchObject({
      code: "DATASET_CONFIG",
    });
  });

  test("stand in for pictures that are gone", async () => {
    const settings = { ...(await writeCats()), cacheLatentsToDisk: true };
    await collect((await open(settings)).cacheLatents(encoder().encode));
    await rm(at("cats/3_cat/3.png"));
    await writeFile(at("meta.json"), JSON.stringify({ "3": { tags: "alone" } }));
    const group = await open({
      ...settings,
      inJson: at("meta.json"),
      trainDataDir: at("cats/3_cat"),
      shuffleCaption: false,
    });
    expect(group.images).toMatchObject([{ key: "3", size: [64, 192], caption: "alone" }]);
    expect(batchLatents((await epoch(group, 1))[0]!)!.shape).toEqual([1, 4, 24, 8]);
  });
});

describe("masks", () => {
  const config = (subset: string) =>
    `[[datasets]]\nresolution = 64\n[[datasets.subsets]]\nimage_dir = ${JSON.stringify(at("img"))}\n${subset}`;

  test("of the alpha channel are mirrored with the picture; without one a sample counts everywhere", async () => {
    await writePicture("img/a.png", 64, 64, 4);
    await writePicture("img/b.png", 64, 64);
    await writeFile(at("d.toml"), config("alpha_mask = true\nflip_aug = true\nnum_repeats = 8"));
    const batches = await epoch(await open({ datasetConfig: at("d.toml"), trainBatchSize: 2 }), 1);
    for (const { imageKey, flipped, lossMask } of batches.flatMap(({ samples }) => samples)) {
      const [left, right] = [lossMask!.data[0], lossMask!.data[63]];
      expect([left, right]).toEqual(imageKey.endsWith("b.png") ? [1, 1] : flipped ? [0, 1] : [1, 0]);
    }
    const bare = {
      ...batches[0]!,
      samples: batches[0]!.samples.map(({ lossMask: _, ...sample }, i) =>
        i === 0 ? sample : { ...sample, lossMask: arrayOf([64, 64], new Float32Array(4096)) },
      ),
    };
    expect(
      batchLossMasks(bare)!
        .data.slice(0, 4096)
        .every((value) => value === 1),
    ).toBe(true);
  });

  test("of a folder are cut like their picture", async () => {
    await writePicture("img/a.png", 128, 64);
    await writePicture("masks/a.png", 128, 64);
    await writeFile(at("d.toml"), config(`conditioning_data_dir = ${JSON.stringify(at("masks"))}`));
    const [batch] = await epoch(await open({ datasetConfig: at("d.toml"), maskedLoss: true }), 1);
    // The red channel is the column, and the middle 64 of 128 columns are kept.
    expect([...batch!.samples[0]!.lossMask!.data.slice(0, 2)]).toEqual(
      [32, 33].map((value) => expect.closeTo(value / 255, 6)),
    );
    await writePicture("masks/c.png", 8, 8);
    await expect(open({ datasetConfig: at("d.toml"), maskedLoss: true })).rejects.toMatchObject({
      code: "MASK_MISSING",
    });
  });
});

describe("what is wrong is said", () => {
  test("with file, line, key and the key that was meant", async () => {
    await writeFile(
      at("d.toml"),
      "[general]\nbatch_size = 2\n\n[[datasets]]\nresolution = 64\n\n[[datasets.subsets]]\nimage_dir = 'x'\nnum_repeat = 3\n",
    );
    await expect(open({ datasetConfig: at("d.toml") })).rejects.toMatchObject({
      code: "DATASET_CONFIG",
      where: `${at("d.toml")}, line 9: datasets[0].subsets[0].num_repeat`,
      hint: "Did you mean num_repeats?",
    });
    await writeFile(
      at("d.json"),
      '{"datasets": [\n {"resolution": 64,\n "subsets": [{"image_dir": "x",\n "keep_tokens": 1.0}]}]}',
    );
    await expect(open({ datasetConfig: at("d.json") })).rejects.toMatchObject({
      message: expect.stringContaining("an integer"),
      where: expect.stringContaining("line 4: datasets[0].subsets[0].keep_tokens"),
    });
  });

  test("with the line in which a file stops being TOML or JSON", async () => {
    await writeFile(at("d.json"), '{"datasets": [\n {"resolution": 64,\n "subsets": [}]\n}\n]}');
    await expect(open({ datasetConfig: at("d.json") })).rejects.toMatchObject({ where: `${at("d.json")}, line 3` });
    await writeFile(at("d.toml"), "[general]\nbatch_size = 2\nflip_aug = yes\n");
    await expect(open({ datasetConfig: at("d.toml") })).rejects.toMatchObject({ where: `${at("d.toml")}, line 3` });
  });

  test("naming a picture that cannot be decoded", async () => {
    const settings = await writeCats();
    await writeFile(at("cats/3_cat/5.png"), "no picture");
    await expect(open(settings)).rejects.toMatchObject({
      code: "PICTURE_UNREADABLE",
      message: expect.stringContaining("5.png"),
    });
  });

  test("when there is nothing to train on", async () => {
    const settings = { trainDataDir: at("nowhere"), resolution: [64, 64] } as const;
    const group = await open(settings);
    expect(group.batchesPerEpoch).toBe(0);
    expect(emptyDatasetError(group, settings)).toMatchObject({
      code: "DATASET_EMPTY",
      where: expect.stringContaining("Not a folder"),
    });
  });
});

test("cache_info writes captions and sizes, and then reads nothing else", async () => {
  const settings = { ...(await writeCats()), cacheInfo: true };
  const group = await open(settings);
  expect(group.warnings.map(({ kind }) => kind)).toEqual(["infoCacheMissing"]);
  for (let i = 0; i < 5; i++) await rm(at("cats/3_cat", `${i}.txt`));
  const again = await open(settings);
  expect(again.images).toEqual(group.images);
});

test("report and listing show what will be trained on", async () => {
  const group = await open(await writeCats());
  expect(formatReport(reportOf(group)).join("\n")).toContain("bucket 1: 128x128, 9 pictures");
  const [first] = await collect(listEpoch(group, [0], context, (caption) => [[49406, caption.length, 49407]]));
  const lines = formatListing(first!).join("\n");
  expect(lines).toContain("step 1/1");
  expect(lines).toMatch(/token ids 1: 49406 \d+ 49407/);
  expect(lines).toContain("mycat mycat1");
});
