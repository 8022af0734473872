import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach } from "vitest";
import { arrayOf, stack } from "../src/array/index.ts";
import {
  type CaptionSettings,
  type DatasetGroup,
  type DatasetSettings,
  type MicroBatch,
  openDataset,
  type PictureEncoder,
} from "../src/dataset/index.ts";
import { encodePng, type Picture, pictureToFloats } from "../src/pictures/index.ts";
import { PythonRandom } from "../src/random/index.ts";

/** Makes a folder for every test of a file; returns a function for paths in it. */
export function temporaryFolder(): (...parts: string[]) => string {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "coinage-dataset-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  return (...parts) => path.join(folder, ...parts);
}

/** A picture whose pixels encode their position, so that crops and mirroring show: red is the column, green the row; its left half is opaque. */
export function gradient(width: number, height: number, channels: 3 | 4 = 3): Picture {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.set([x, y, (x * y) % 256, x < width / 2 ? 255 : 0].slice(0, channels), (y * width + x) * channels);
  return { width, height, channels, data };
}

export async function writePicture(file: string, width: number, height: number, channels: 3 | 4 = 3): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, await encodePng(gradient(width, height, channels)));
}

/** Writes five pictures for two buckets to the folder 3_cat, which repeats them, with captions of several tags. */
export async function writeCats(parent: string): Promise<DatasetSettings> {
  const sizes = [
    [128, 128],
    [140, 128],
    [128, 150],
    [64, 192],
    [70, 192],
  ] as const;
  for (const [i, [width, height]] of sizes.entries()) {
    await writePicture(path.join(parent, "3_cat", `${i}.png`), width, height);
    await writeFile(path.join(parent, "3_cat", `${i}.txt`), `mycat, tag ${i}, one, two, three`);
  }
  return {
    trainDataDir: parent,
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

/** Caption settings that change nothing. */
export const plainCaptions: CaptionSettings = {
  captionPrefix: undefined,
  captionSuffix: undefined,
  captionSeparator: ",",
  secondarySeparator: undefined,
  keepTokens: 0,
  keepTokensSeparator: "",
  shuffleCaption: false,
  enableWildcard: false,
  tokenWarmupMin: 1,
  tokenWarmupStep: 0,
  captionDropoutRate: 0,
  captionDropoutEveryNEpochs: 0,
  captionTagDropoutRate: 0,
};

export const epochContext = {
  replacements: [["mycat", "mycat mycat1"]],
  maxTrainSteps: 10,
  currentStep: () => 0,
} as const;

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function openSeeded(settings: DatasetSettings, seed = 7): Promise<DatasetGroup> {
  return openDataset(settings, { random: new PythonRandom(seed) });
}

/** The batches of an epoch, by default in the order of their numbers. */
export function epochOf(group: DatasetGroup, epoch: number, order?: readonly number[]): Promise<MicroBatch[]> {
  const straight = Array.from({ length: group.batchesPerEpoch }, (_, i) => i);
  return collect(group.epochBatches(epoch, order ?? straight, epochContext));
}

/** A fake VAE: latents are the red values in the first row of each picture, eight apart, so that they identify their picture.
 *  shapes: of all batches that it was given. */
export function latentsEncoder(digest = "one"): PictureEncoder & { readonly shapes: string[] } {
  const shapes: string[] = [];
  const encode: PictureEncoder["encode"] = async (pictures) => {
    const { shape, data } = stack(pictures.map(pictureToFloats));
    shapes.push(shape.join("x"));
    const [count, , height, width] = shape as [number, number, number, number];
    const latents = new Float32Array((count * 4 * height * width) / 64);
    for (let i = 0; i < latents.length; i++) {
      const x = i % (width / 8);
      const item = Math.floor(i / ((4 * height * width) / 64));
      latents[i] = data[item * 3 * height * width + x * 8]!;
    }
    return () => arrayOf([count, 4, height / 8, width / 8], latents);
  };
  return { encode, digest: () => digest, shapes };
}
