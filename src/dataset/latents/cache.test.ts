import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
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
import { arrayOf } from "../../array/index.ts";
import { formatNpy, openNpz, parseNpy, writeNpz } from "../../formats/npz/index.ts";
import { encodePng, type Picture } from "../../pictures/index.ts";
import { batchLatents, type CachingProgress, type DatasetGroup, type DatasetSettings } from "../index.ts";

const at = temporaryFolder();

interface Cached {
  readonly shapes: readonly string[];
  readonly progress: readonly CachingProgress[];
}

/** Caches the latents of a dataset. Returns the encoded shapes and the progress. */
async function cache(settings: DatasetSettings, vae?: string): Promise<Cached> {
  const encoder = latentsEncoder(vae);
  const progress = await collect((await openSeeded(settings)).cacheLatents(encoder));
  return { shapes: encoder.shapes, progress };
}

const warningsOf = ({ progress }: Cached) => progress.flatMap(({ warnings }) => warnings);

const counts = (progress: readonly CachingProgress[]) => progress.map(({ done, total }) => `${done}/${total}`);

describe("latents in memory", () => {
  test("are encoded by bucket area, at most vae_batch_size at once, and mirrored images separately", async () => {
    const group = await openSeeded({ ...(await writeCats(at("cats"))), cacheLatents: true, vaeBatchSize: 2 });
    const encoder = latentsEncoder();
    const progress = await collect(group.cacheLatents(encoder));
    expect(encoder.shapes).toEqual([
      "2x3x192x64",
      "2x3x192x64",
      "2x3x128x128",
      "2x3x128x128",
      "1x3x128x128",
      "1x3x128x128",
    ]);
    expect(counts(progress)).toEqual(["2/5", "4/5", "5/5"]);
    const samples = (await epochOf(group, 1)).flatMap((batch) => batch.samples);
    expect(samples.every(({ pixels, latents }) => !pixels && latents)).toBe(true);
    const square = samples.filter(({ imageKey }) => imageKey.endsWith("0.png"));
    // the test's encoder keeps the first channel, which grows from left to right
    for (const { flipped, latents } of square) expect(latents!.data[0]! < latents!.data[15]!).toBe(!flipped);
    expect(square[0]!.targetSizeHw).toEqual([128, 128]);
  });

  test("are encoded in the same order where one image takes long to decode", async () => {
    const settings = { ...(await writeCats(at("slow"))), cacheLatents: true, flipAug: false };
    await writePicture(at("slow", "3_cat", "4.png"), 1024, 3072);
    const encoder = latentsEncoder();
    await collect((await openSeeded(settings)).cacheLatents(encoder));
    expect(encoder.shapes).toEqual([...Array(2).fill("1x3x192x64"), ...Array(3).fill("1x3x128x128")]);
  });

  test("keep the mask of the alpha channel as it is", async () => {
    await writePicture(at("a", "1_x", "a.png"), 64, 64, 4);
    const settings = { trainDataDir: at("a"), resolution: [64, 64], alphaMask: true } as const;
    const masksOf = async (cacheLatents: boolean) => {
      const group = await openSeeded({ ...settings, cacheLatents });
      await collect(group.cacheLatents(latentsEncoder()));
      return (await epochOf(group, 1)).map(({ samples }) => samples[0]!.lossMask);
    };
    expect(await masksOf(true)).toEqual(await masksOf(false));
  });

  test("cannot be combined with random crops", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatents: true, randomCrop: true };
    await expect(openSeeded(settings)).rejects.toMatchObject({ code: "DATASET_CONFIG" });
  });
});

describe("latents in files", () => {
  test("are reused, and made again for other buckets; foreign arrays stay", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true, vaeBatchSize: 4 };
    await cache(settings);
    expect((await readdir(at("cats/3_cat"))).filter((name) => name.endsWith(".npz"))).toContain("3_0064x0192_sd.npz");
    const file = at("cats/3_cat/3_0064x0192_sd.npz");
    expect(parseNpy(openNpz(await readFile(file)).get("original_size")!).data).toEqual(BigInt64Array.of(64n, 192n));

    const again = await cache(settings);
    expect(again.shapes).toEqual([]);
    expect(counts(again.progress)).toEqual(["5/5"]);
    const group = await openSeeded(settings);
    await collect(group.cacheLatents(latentsEncoder()));
    expect(batchLatents((await epochOf(group, 1))[0]!)!.shape[1]).toBe(4);

    const foreign = formatNpy(arrayOf([1], [5]));
    await writeFile(file, writeNpz(new Map([...openNpz(await readFile(file)), ["foreign", foreign]])));
    const smaller = await cache({ ...settings, resolution: [64, 64] });
    expect(smaller.shapes.length).toBeGreaterThan(0);
    expect(warningsOf(smaller)).toMatchObject([{ kind: "latentsOutdated" }]);
    expect([...openNpz(await readFile(file)).keys()]).toContain("foreign");
  });

  test("that were written before an interruption are not encoded again", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true, flipAug: false };
    let count = 0;
    for await (const _ of (await openSeeded(settings)).cacheLatents(latentsEncoder())) if (++count === 2) break;
    const { shapes, progress } = await cache(settings);
    expect(shapes).toHaveLength(3);
    expect(counts(progress)).toEqual(["2/5", "3/5", "4/5", "5/5"]);
    expect(new Set(progress.flatMap(({ imageKeys }) => imageKeys)).size).toBe(5);
  });

  test.each<[string, (file: Buffer) => Uint8Array]>([
    ["empty", () => new Uint8Array()],
    ["cut off", (file) => file.subarray(0, file.length / 2)],
    ["another kind of file", () => Buffer.from("no zip")],
    ["an array of nonsense", () => writeNpz(new Map([["latents", Buffer.from("no array")]]))],
  ])("that are damaged (%s) are said and made anew", async (_, damage) => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await cache(settings);
    const file = at("cats/3_cat/1_0140x0128_sd.npz");
    const whole = await readFile(file);
    await writeFile(file, damage(whole));
    const { shapes, progress } = await cache(settings);
    expect(shapes).toEqual(["1x3x128x128", "1x3x128x128"]);
    expect(progress.flatMap(({ warnings }) => warnings)).toMatchObject([{ kind: "latentsDamaged", subjects: [file] }]);
    expect(await readFile(file)).toEqual(whole);
  });

  test.skipIf(process.platform === "win32")("that are pipes are reported and made again", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await cache(settings);
    const file = at("cats/3_cat/1_0140x0128_sd.npz");
    const whole = await readFile(file);
    await rm(file);
    execFileSync("mkfifo", [file]);
    const { progress } = await cache(settings);
    expect(progress.flatMap(({ warnings }) => warnings)).toMatchObject([{ kind: "latentsDamaged", subjects: [file] }]);
    expect(await readFile(file)).toEqual(whole);
  });

  test("are not checked with skip_cache_check, so damage shows when they are used", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true, skipCacheCheck: true };
    await cache(settings);
    const file = at("cats/3_cat/1_0140x0128_sd.npz");
    await writeFile(file, "");
    const group = await openSeeded(settings);
    expect(await collect(group.cacheLatents(latentsEncoder()))).toHaveLength(1);
    const refusal = (reason: string, hint: string) => ({
      code: "LATENTS_UNREADABLE",
      message: `The latent cache ${file} cannot be read (${reason}).`,
      hint: expect.stringMatching(hint),
    });
    await expect(epochOf(group, 1)).rejects.toMatchObject(refusal("it is damaged", "^Delete it: the next run makes"));
    await rm(file);
    await expect(epochOf(group, 1)).rejects.toMatchObject(refusal("it does not exist", "^The next run makes"));
  });

  test("under an old name are used and kept", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await cache(settings);
    await writeFile(at("cats/3_cat/0.npz"), await readFile(at("cats/3_cat/0_0128x0128_sd.npz")));
    await rm(at("cats/3_cat/0_0128x0128_sd.npz"));
    expect((await cache(settings)).shapes).toEqual([]);
  });

  test("of a changed image are made again, but not those of one that was only touched", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await cache(settings);
    const [picture, file] = [at("cats/3_cat/1.png"), at("cats/3_cat/1_0140x0128_sd.npz")];
    const before = await readFile(file);
    await utimes(picture, new Date(), new Date(Date.now() + 60_000));
    expect(await cache(settings)).toMatchObject({ shapes: [] });

    const { mtime } = await stat(picture);
    await writeFile(picture, await encodePng(shifted(gradient(140, 128))));
    await utimes(picture, mtime, new Date(0));
    const again = await cache(settings);
    expect(again.shapes).toEqual(["1x3x128x128", "1x3x128x128"]);
    expect(warningsOf(again)).toMatchObject([
      {
        kind: "latentsOutdated",
        subjects: [expect.stringContaining("1_0140x0128_sd.npz (they are from another image)")],
      },
    ]);
    expect(await readFile(file)).not.toEqual(before);
    expect(await cache(settings)).toMatchObject({ shapes: [] });
  });

  test("of another VAE are made again", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true, flipAug: false };
    await cache(settings, "one");
    const other = await cache(settings, "another");
    expect(other.shapes).toHaveLength(5);
    expect(warningsOf(other)).toMatchObject([{ kind: "latentsOutdated" }]);
    expect(await cache(settings, "another")).toMatchObject({ shapes: [] });
  });

  test("never keep a mirrored version from before their image changed", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await cache(settings);
    await writeFile(at("cats/3_cat/1.png"), await encodePng(shifted(gradient(140, 128))));
    await cache({ ...settings, flipAug: false });
    expect((await cache(settings)).shapes).toHaveLength(2);
  });

  test("of sd-scripts are used with a warning, unless they are older than their image or of another size", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true, flipAug: false };
    await cache(settings);
    const files = (await readdir(at("cats/3_cat"))).filter((name) => name.endsWith(".npz"));
    for (const name of files) await forgetOrigin(at("cats/3_cat", name));
    const used = await cache(settings);
    expect(used.shapes).toEqual([]);
    expect(warningsOf(used)).toMatchObject([{ kind: "latentsUntold", subjects: { length: 5 } }]);

    await utimes(at("cats/3_cat/1.png"), new Date(), new Date(Date.now() + 60_000));
    await rename(at("cats/3_cat/3_0064x0192_sd.npz"), at("cats/3_cat/4_0070x0192_sd.npz"));
    const again = await cache(settings);
    expect(again.shapes).toHaveLength(3);
    const outdated = warningsOf(again).find(({ kind }) => kind === "latentsOutdated")!;
    expect(outdated.subjects).toEqual([
      expect.stringContaining("1_0140x0128_sd.npz (they are older than their image)"),
      expect.stringContaining("4_0070x0192_sd.npz (they are from an image of 64x192)"),
    ]);
    expect(warningsOf(await cache(settings))).toMatchObject([{ kind: "latentsUntold", subjects: { length: 2 } }]);
  });

  test("that sd-scripts wrote into a file of ours are treated as sd-scripts' own", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true, flipAug: false };
    await cache(settings);
    const file = at("cats/3_cat/0_0128x0128_sd.npz");
    const arrays = openNpz(await readFile(file));
    await writeFile(
      file,
      writeNpz(new Map([...arrays, ["latents", formatNpy(arrayOf([4, 16, 16], new Float32Array(1024)))]])),
    );
    expect(warningsOf(await cache(settings))).toMatchObject([{ kind: "latentsUntold", subjects: [file] }]);
  });

  test("of images that differ only in extension, or are trained on at two sizes, have separate files", async () => {
    for (const [name, picture] of [
      ["a.png", gradient(128, 128)],
      ["a.PNG", shifted(gradient(128, 128))],
    ] as const) {
      await mkdir(at("two"), { recursive: true });
      await writeFile(at("two", name), await encodePng(picture));
    }
    const subsets = [{ image_dir: at("two") }];
    const datasets = [128, 64].map((resolution) => ({ resolution, subsets }));
    await writeFile(at("two.json"), JSON.stringify({ datasets }));
    const settings = { datasetConfig: at("two.json"), cacheLatentsToDisk: true, classTokens: "a" };
    expect((await cache(settings)).shapes).toHaveLength(4);
    expect((await readdir(at("two"))).filter((name) => name.endsWith(".npz"))).toHaveLength(4);
    expect(await readdir(at("two"))).toContain("a_0128x0128_sd.npz");
    expect(await cache(settings)).toMatchObject({ shapes: [] });

    const latentsOf = async (group: DatasetGroup) => {
      await collect(group.cacheLatents(latentsEncoder()));
      const samples = (await epochOf(group, 1)).flatMap((batch) => batch.samples);
      return samples.map(({ imageKey, latents }) => [imageKey, latents]);
    };
    const inMemory = { ...settings, cacheLatentsToDisk: false, cacheLatents: true };
    expect(await latentsOf(await openSeeded(settings))).toEqual(await latentsOf(await openSeeded(inMemory)));

    // an old file does not say which of the two images it belongs to
    await forgetOrigin(at("two/a_0128x0128_sd.npz"));
    expect((await cache(settings)).shapes).toHaveLength(1);
  });

  test.each([
    ["and then not", [true, false]],
    ["after they were not", [false, true]],
  ])("of pictures that are trained on mirrored %s are not made anew by one another", async (_, flips) => {
    await writeCats(at("cats"));
    const datasets = flips.map((flip_aug) => ({
      subsets: [{ image_dir: at("cats/3_cat"), class_tokens: "x", flip_aug }],
    }));
    await writeFile(at("d.json"), JSON.stringify({ datasets }));
    const settings = { datasetConfig: at("d.json"), resolution: [64, 64], cacheLatentsToDisk: true } as const;
    for (const _ of ["filled", "read"]) {
      const group = await openSeeded(settings);
      const progress = await collect(group.cacheLatents(latentsEncoder()));
      expect(progress.flatMap(({ warnings }) => warnings)).toEqual([]);
      expect(await epochOf(group, 1)).not.toEqual([]);
    }
    expect(await cache(settings)).toMatchObject({ shapes: [] });
  });

  test("that another run rewrites while this one uses them end it", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    const group = await openSeeded(settings);
    await collect(group.cacheLatents(latentsEncoder()));
    await writeFile(at("cats/3_cat/1.png"), await encodePng(shifted(gradient(140, 128))));
    await cache(settings);
    await expect(epochOf(group, 1)).rejects.toMatchObject({ code: "LATENTS_UNREADABLE" });
  });

  test("are kept in memory where a metadata file leads outside the image folder", async () => {
    await writeCats(at("cats"));
    for (const name of ["outside.png", "linked/outside.png"]) await writePicture(at(name), 128, 128);
    await symlink(at("linked"), at("cats/3_cat/link"));
    const keys = ["0.png", "../../outside.png", "link/outside.png", at("cats/3_cat/1.png"), at("outside.png")];
    await writeFile(at("meta.json"), JSON.stringify(Object.fromEntries(keys.map((key) => [key, { caption: "a" }]))));
    const settings = { inJson: at("meta.json"), trainDataDir: at("cats/3_cat"), resolution: [128, 128] } as const;
    const cached = await cache({ ...settings, cacheLatentsToDisk: true });
    expect(cached.shapes).toHaveLength(4);
    expect(warningsOf(cached)).toMatchObject([{ kind: "latentsOutside", subjects: { length: 2 } }]);
    const written = (await readdir(at(), { recursive: true })).filter((name) => name.endsWith(".npz"));
    expect(written.sort()).toEqual(["cats/3_cat/0_0128x0128_sd.npz", "cats/3_cat/1_0140x0128_sd.npz"]);
  });

  test("that cannot be written name the flag that writes none", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await mkdir(at("cats/3_cat/3_0064x0192_sd.npz"));
    await expect(cache(settings)).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      where: at("cats/3_cat/3_0064x0192_sd.npz"),
      hint: expect.stringContaining("--cache_latents instead of"),
    });
  });

  test("are ignored without a flag that asks for caches", async () => {
    const settings = await writeCats(at("cats"));
    await cache({ ...settings, cacheLatentsToDisk: true });
    await writePicture(at("cats/3_cat/0.png"), 64, 192);
    const group = await openSeeded(settings);
    expect(group.images.find(({ path }) => path.endsWith("0.png"))).toMatchObject({
      size: [64, 192],
      bucket: [64, 192],
    });
    expect((await epochOf(group, 1)).every((batch) => batchLatents(batch) === undefined)).toBe(true);

    await rm(at("cats/3_cat/3.png"));
    await writeFile(at("meta.json"), JSON.stringify({ "3": { tags: "alone" } }));
    const alone = { ...settings, inJson: at("meta.json"), trainDataDir: at("cats/3_cat") };
    await expect(openSeeded(alone)).rejects.toMatchObject({ code: "DATASET_CONFIG" });
  });

  test("do not give the size of an image that was replaced since", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await cache(settings);
    await writePicture(at("cats/3_cat/0.png"), 64, 192);
    await writeFile(at("cats/3_cat/0_0064x0192_sd.npz"), "");
    const image = (await openSeeded(settings)).images.find(({ path }) => path.endsWith("0.png"))!;
    expect(image.size).toEqual([64, 192]);
  });

  test("replace images that are gone", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await cache(settings);
    await rm(at("cats/3_cat/3.png"));
    await writeFile(at("meta.json"), JSON.stringify({ "3": { tags: "alone" } }));
    const group = await openSeeded({
      ...settings,
      inJson: at("meta.json"),
      trainDataDir: at("cats/3_cat"),
      shuffleCaption: false,
    });
    expect(group.images).toMatchObject([{ key: "3", size: [64, 192], caption: "alone" }]);
    expect(batchLatents((await epochOf(group, 1))[0]!)!.shape).toEqual([1, 4, 24, 8]);
  });

  test("that replace images must be of the same VAE", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await cache(settings);
    await rm(at("cats/3_cat/3.png"));
    await writeFile(at("meta.json"), JSON.stringify({ "3": { tags: "alone" } }));
    const alone = { ...settings, inJson: at("meta.json"), trainDataDir: at("cats/3_cat") };
    expect(await cache(alone)).toMatchObject({ shapes: [] });
    await expect(cache(alone, "another")).rejects.toMatchObject({ code: "LATENTS_UNREADABLE" });
  });
});

/** The image in other colours. */
function shifted(picture: Picture): Picture {
  return { ...picture, data: picture.data.map((value) => value + 9) };
}

/** Turns a latent cache into one as sd-scripts writes it, without origin. */
async function forgetOrigin(file: string): Promise<void> {
  const arrays = openNpz(await readFile(file));
  expect(arrays.delete("coinage_origin")).toBe(true);
  await writeFile(file, writeNpz(arrays));
}
