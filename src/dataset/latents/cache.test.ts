import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  collect,
  epochOf,
  latentsEncoder,
  openSeeded,
  temporaryFolder,
  writeCats,
  writePicture,
} from "../../../test/datasets.ts";
import { arrayOf } from "../../array/index.ts";
import { formatNpy, openNpz, readNpzArray, writeNpz } from "../../formats/npz/index.ts";
import { batchLatents, type CachingProgress, type DatasetSettings } from "../index.ts";

const at = temporaryFolder();

/** Caches the latents of a dataset: what was encoded, how it went on. */
async function cache(settings: DatasetSettings): Promise<{ shapes: string[]; progress: CachingProgress[] }> {
  const { encode, shapes } = latentsEncoder();
  const progress = await collect((await openSeeded(settings)).cacheLatents(encode));
  return { shapes, progress };
}

const counts = (progress: readonly CachingProgress[]) => progress.map(({ done, total }) => `${done}/${total}`);

describe("latents in memory", () => {
  test("are encoded by bucket area, at most vae_batch_size at once, and mirrored pictures anew", async () => {
    const group = await openSeeded({ ...(await writeCats(at("cats"))), cacheLatents: true, vaeBatchSize: 2 });
    const { encode, shapes } = latentsEncoder();
    const progress = await collect(group.cacheLatents(encode));
    expect(shapes).toEqual(["2x3x192x64", "2x3x192x64", "2x3x128x128", "2x3x128x128", "1x3x128x128", "1x3x128x128"]);
    expect(counts(progress)).toEqual(["2/5", "4/5", "5/5"]);
    const samples = (await epochOf(group, 1)).flatMap((batch) => batch.samples);
    expect(samples.every(({ pixels, latents }) => !pixels && latents)).toBe(true);
    const square = samples.filter(({ imageKey }) => imageKey.endsWith("0.png"));
    // The stand-in encoder keeps the first channel, which grows from left to right.
    for (const { flipped, latents } of square) expect(latents!.data[0]! < latents!.data[15]!).toBe(!flipped);
    expect(square[0]!.targetSizeHw).toEqual([128, 128]);
  });

  test("keep the mask of the alpha channel as it is", async () => {
    await writePicture(at("a", "1_x", "a.png"), 64, 64, 4);
    const settings = { trainDataDir: at("a"), resolution: [64, 64], alphaMask: true } as const;
    const masksOf = async (cacheLatents: boolean) => {
      const group = await openSeeded({ ...settings, cacheLatents });
      await collect(group.cacheLatents(latentsEncoder().encode));
      return (await epochOf(group, 1)).map(({ samples }) => samples[0]!.lossMask);
    };
    expect(await masksOf(true)).toEqual(await masksOf(false));
  });

  test("cannot go with random crops", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatents: true, randomCrop: true };
    await expect(openSeeded(settings)).rejects.toMatchObject({ code: "DATASET_CONFIG" });
  });
});

describe("latents in files", () => {
  test("are used again, and made anew for other buckets; foreign arrays stay", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true, vaeBatchSize: 4 };
    await cache(settings);
    expect((await readdir(at("cats/3_cat"))).filter((name) => name.endsWith(".npz"))).toContain("3_0064x0192_sd.npz");
    const file = at("cats/3_cat/3_0064x0192_sd.npz");
    expect(readNpzArray(openNpz(await readFile(file)), "original_size")!.data).toEqual(BigInt64Array.of(64n, 192n));

    const again = await cache(settings);
    expect(again.shapes).toEqual([]);
    expect(counts(again.progress)).toEqual(["5/5"]);
    const group = await openSeeded(settings);
    expect(batchLatents((await epochOf(group, 1))[0]!)!.shape[1]).toBe(4);

    const foreign = formatNpy(arrayOf([1], [5]));
    await writeFile(file, writeNpz(new Map([...openNpz(await readFile(file)), ["foreign", foreign]])));
    const smaller = await cache({ ...settings, resolution: [64, 64] });
    expect(smaller.shapes.length).toBeGreaterThan(0);
    expect([...openNpz(await readFile(file)).keys()]).toContain("foreign");
  });

  test("that were written before an interruption are not encoded again", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true, flipAug: false };
    let count = 0;
    for await (const _ of (await openSeeded(settings)).cacheLatents(latentsEncoder().encode)) if (++count === 2) break;
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

  test("are not looked into with skip_cache_check, so damage shows when they are used", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true, skipCacheCheck: true };
    await cache(settings);
    const file = at("cats/3_cat/1_0140x0128_sd.npz");
    await writeFile(file, "");
    const group = await openSeeded(settings);
    expect(await collect(group.cacheLatents(latentsEncoder().encode))).toHaveLength(1);
    await expect(epochOf(group, 1)).rejects.toMatchObject({ code: "LATENTS_UNREADABLE", where: file });
  });

  test("of an old name are used and kept", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await cache(settings);
    await writeFile(at("cats/3_cat/0.npz"), await readFile(at("cats/3_cat/0_0128x0128_sd.npz")));
    await rm(at("cats/3_cat/0_0128x0128_sd.npz"));
    expect((await cache(settings)).shapes).toEqual([]);
  });

  test("do not tell the size of a picture that was exchanged", async () => {
    const settings = { ...(await writeCats(at("cats"))), cacheLatentsToDisk: true };
    await cache(settings);
    await writePicture(at("cats/3_cat/0.png"), 64, 192);
    await writeFile(at("cats/3_cat/0_0064x0192_sd.npz"), "");
    const image = (await openSeeded(settings)).images.find(({ path }) => path.endsWith("0.png"))!;
    expect(image.size).toEqual([64, 192]);
  });

  test("stand in for pictures that are gone", async () => {
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
});
