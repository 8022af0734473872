import { copyFile, mkdir, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import {
  collect,
  epochOf,
  gradient,
  latentsEncoder,
  openSeeded,
  temporaryFolder,
  writeCats,
  writePicture,
} from "../../../test/datasets.ts";

const at = temporaryFolder();

test("enlarged images are reported, those that lose much separately", async () => {
  for (const side of [20, 63, 64, 65]) await writePicture(at("a", "1_x", `${side}.png`), side, side);
  const { warnings } = await openSeeded({ trainDataDir: at("a"), classTokens: "x", resolution: [64, 64] });
  const kinds = new Map(warnings.map(({ kind, subjects }) => [kind, subjects]));
  expect(kinds.get("pictureTiny")).toEqual([at("a/1_x/20.png")]);
  expect(kinds.get("pictureUpscaled")).toEqual([at("a/1_x/63.png")]);
  const bucketed = { enableBucket: true, bucketNoUpscale: true, minBucketReso: 64 };
  await writePicture(at("b", "1_x", "63.png"), 70, 100);
  const unscaled = await openSeeded({ trainDataDir: at("b"), resolution: [128, 128], ...bucketed });
  expect(unscaled.warnings.map(({ kind }) => kind)).not.toContain("pictureUpscaled");
});

test("huge images are reported", async () => {
  await writePlain(at("a.png"), 8000, 6000);
  await writeFile(at("meta.json"), JSON.stringify({ a: { caption: "x" } }));
  const { warnings } = await openSeeded({ inJson: at("meta.json"), trainDataDir: at(), resolution: [64, 64] });
  expect(warnings).toMatchObject([{ kind: "pictureHuge", subjects: [at("a.png")] }]);
});

test("an image that appears twice under different names is reported, once per subset", async () => {
  const settings = await writeCats(at("cats"));
  await copyFile(at("cats/3_cat/0.png"), at("cats/3_cat/copy.png"));
  await copyFile(at("cats/3_cat/0.txt"), at("cats/3_cat/copy.txt"));
  const { warnings } = await openSeeded(settings);
  expect(warnings).toMatchObject([
    { kind: "pictureTwice", subjects: [`${at("cats/3_cat/0.png")} = ${at("cats/3_cat/copy.png")}`] },
  ]);
});

describe("an image that EXIF rotates", () => {
  const bucketed = { enableBucket: true, bucketNoUpscale: true, minBucketReso: 64, resolution: [128, 128] } as const;

  /** Writes an image stored as 128 x 64 whose EXIF makes it 64 x 128, with the stored left edge on top. */
  async function writeTurned(...parts: string[]): Promise<void> {
    const { data, ...raw } = gradient(128, 64);
    await mkdir(at(...parts.slice(0, -1)), { recursive: true });
    await sharp(data, { raw })
      .withMetadata({ orientation: 6 })
      .png()
      .toFile(at(...parts));
  }

  test("is reported, and with exif_transpose has the size, bucket and pixels that viewers show", async () => {
    await writeTurned("p", "1_x", "a.png");
    const settings = { trainDataDir: at("p"), ...bucketed };
    const asStored = await openSeeded(settings);
    expect(asStored.warnings).toContainEqual(
      expect.objectContaining({ kind: "pictureTurned", subjects: [at("p/1_x/a.png")] }),
    );
    expect(asStored.images).toMatchObject([{ size: [128, 64], bucket: [128, 64] }]);
    const upright = await openSeeded({ ...settings, exifTranspose: true });
    expect(upright.warnings.map(({ kind }) => kind)).not.toContain("pictureTurned");
    expect(upright.images).toMatchObject([{ size: [64, 128], bucket: [64, 128] }]);
    const [sample] = (await epochOf(upright, 1))[0]!.samples;
    expect(sample).toMatchObject({ originalSizeHw: [128, 64], pixels: { shape: [3, 128, 64] } });
    // red counts stored columns, which are the rows of the upright image
    const [first, last] = [sample!.pixels!.data[0]!, sample!.pixels!.data[127 * 64]!];
    expect([first, last]).toEqual([-1, Math.fround((Math.fround(127 / 255) - 0.5) / 0.5)]);
  });

  test("is rotated with its mask, also by a key of a dataset config", async () => {
    await writeTurned("p", "a.png");
    await writeTurned("masks", "a.png");
    const subset = `image_dir = '${at("p")}'\nconditioning_data_dir = '${at("masks")}'\nexif_transpose = true\n`;
    await writeFile(at("d.toml"), `[[datasets]]\n[[datasets.subsets]]\n${subset}`);
    const group = await openSeeded({ datasetConfig: at("d.toml"), maskedLoss: true, ...bucketed });
    const [sample] = (await epochOf(group, 1))[0]!.samples;
    const mask = sample!.lossMask!;
    expect(mask.shape).toEqual([128, 64]);
    expect(mask.data[0]).toBeLessThan(mask.data[127 * 64]!);
  });

  test("is cached in its upright size", async () => {
    await writeTurned("p", "1_x", "a.png");
    const settings = { trainDataDir: at("p"), ...bucketed, cacheLatentsToDisk: true };
    const encoder = latentsEncoder();
    await collect((await openSeeded(settings)).cacheLatents(encoder));
    await collect((await openSeeded({ ...settings, exifTranspose: true })).cacheLatents(encoder));
    expect(encoder.shapes).toEqual(["1x3x64x128", "1x3x128x64"]);
  });
});

describe("transparency", () => {
  const settings = () => ({ trainDataDir: at("p"), resolution: [64, 64] as const });

  test("is reported where transparent pixels are trained on with their colours, and only there", async () => {
    await writePicture(at("p/1_x/cut-out.png"), 64, 64, 4);
    const opaque = { ...gradient(64, 64, 4) };
    for (let i = 3; i < opaque.data.length; i += 4) opaque.data[i] = 255;
    const { data, ...raw } = opaque;
    await sharp(data, { raw }).png().toFile(at("p/1_x/opaque.png"));
    const kinds = async (given: object) =>
      (await openSeeded({ ...settings(), ...given })).warnings.filter(({ kind }) => kind.startsWith("pictureTrans"));
    expect(await kinds({})).toMatchObject([
      { subjects: [at("p/1_x/cut-out.png")], message: expect.stringMatching(/--alpha_mask .* --alpha_background/) },
    ]);
    expect(await kinds({ alphaMask: true })).toEqual([]);
    expect(await kinds({ alphaBackground: "white" })).toEqual([]);
  });

  test("is looked for in only some of very many images, and this is reported", async () => {
    const names = ["a", "b", "c", "d", "e"];
    await writePlain(at("a.png"), 8000, 5000, { alpha: 0.5 });
    for (const name of names.slice(1)) await copyFile(at("a.png"), at(`${name}.png`));
    const claims = names.map((name) => [name, { caption: "x" }]);
    await writeFile(at("meta.json"), JSON.stringify(Object.fromEntries(claims)));
    const { warnings } = await openSeeded({ inJson: at("meta.json"), trainDataDir: at(), resolution: [64, 64] });
    const subjects = new Map(warnings.map(({ kind, subjects: found }) => [kind, found]));
    expect(subjects.get("pictureTransparent")).toEqual(["a", "c", "e"].map((name) => at(`${name}.png`)));
    expect(subjects.get("transparencySampled")).toEqual(["3 of 5"]);
  });

  test("is composited onto the background, in pixels and in caches", async () => {
    await writePicture(at("p/1_x/a.png"), 64, 64, 4);
    const flat = { ...settings(), alphaBackground: "#ff0000" };
    const [sample] = (await epochOf(await openSeeded(flat), 1))[0]!.samples;
    // the right half is transparent
    expect([sample!.pixels!.data[63], sample!.pixels!.data[64 * 64 + 63]]).toEqual([1, -1]);
    const cached = await openSeeded({ ...flat, cacheLatents: true });
    await collect(cached.cacheLatents(latentsEncoder()));
    expect((await epochOf(cached, 1))[0]!.samples[0]!.latents!.data[7]).toBe(1);
  });

  test("is either a mask or composited onto a colour, not both, and the colour must be valid", async () => {
    await writePicture(at("p/1_x/a.png"), 64, 64);
    for (const given of [{ alphaBackground: "whit" }, { alphaBackground: "white", alphaMask: true }])
      await expect(openSeeded({ ...settings(), ...given })).rejects.toMatchObject({ code: "DATASET_CONFIG" });
  });
});

test("animated images are reported", async () => {
  const frames = Buffer.concat([gradient(64, 64), gradient(64, 64, 3)].map(({ data }) => Buffer.from(data)));
  for (let i = 0; i < 64 * 64 * 3; i++) frames[i] = 255 - frames[i]!;
  await mkdir(at("p/1_x"), { recursive: true });
  const raw = { width: 64, height: 128, channels: 3, pageHeight: 64 } as const;
  await sharp(frames, { raw }).webp().toFile(at("p/1_x/a.webp"));
  const { warnings } = await openSeeded({ trainDataDir: at("p"), resolution: [64, 64] });
  expect(warnings.find(({ kind }) => kind === "pictureAnimated")?.subjects).toEqual([at("p/1_x/a.webp")]);
});

/** Writes an image of one colour. */
async function writePlain(
  file: string,
  width: number,
  height: number,
  { alpha }: { alpha?: number } = {},
): Promise<void> {
  const background = { r: 90, g: 60, b: 30, alpha: alpha ?? 1 };
  const channels = alpha === undefined ? 3 : 4;
  await sharp({ create: { width, height, channels, background } }).png({ compressionLevel: 1 }).toFile(file);
}
