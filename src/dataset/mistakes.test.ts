import { chmod, mkdir, readFile, rm, symlink, unlink, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { epochOf, gradient, openSeeded, temporaryFolder, writeCats, writePicture } from "../../test/datasets.ts";
import { encodePng } from "../pictures/index.ts";
import { emptyDatasetError } from "./index.ts";

const at = temporaryFolder();

describe("a mistake in a dataset config", () => {
  test("is reported with file, line, key and the key that was meant", async () => {
    await writeFile(
      at("d.toml"),
      "[general]\nbatch_size = 2\n\n[[datasets]]\nresolution = 64\n\n[[datasets.subsets]]\nimage_dir = 'x'\nnum_repeat = 3\n",
    );
    await expect(openSeeded({ datasetConfig: at("d.toml") })).rejects.toMatchObject({
      code: "DATASET_CONFIG",
      where: `${at("d.toml")}, line 9: datasets[0].subsets[0].num_repeat`,
      hint: "Did you mean num_repeats?",
    });
    await writeFile(
      at("d.json"),
      '{"datasets": [\n {"resolution": 64,\n "subsets": [{"image_dir": "x",\n "keep_tokens": 1.0}]}]}',
    );
    await expect(openSeeded({ datasetConfig: at("d.json") })).rejects.toMatchObject({
      message: expect.stringContaining("an integer"),
      where: expect.stringContaining("line 4: datasets[0].subsets[0].keep_tokens"),
    });
  });

  test("is reported with the line where the file stops being TOML or JSON", async () => {
    await writeFile(at("d.json"), '{"datasets": [\n {"resolution": 64,\n "subsets": [}]\n}\n]}');
    await expect(openSeeded({ datasetConfig: at("d.json") })).rejects.toMatchObject({
      where: `${at("d.json")}, line 3`,
    });
    await writeFile(at("d.toml"), "\ufeff[general]\nbatch_size = 2\nflip_aug = yes\n");
    await expect(openSeeded({ datasetConfig: at("d.toml") })).rejects.toMatchObject({
      where: `${at("d.toml")}, line 3`,
    });
  });
});

describe("absurdly large numbers", () => {
  test("of repeats, resolution or shape do not crash the run", async () => {
    await writePicture(at("a", "99999999999999999999_x", "a.png"), 16, 16);
    const settings = { trainDataDir: at("a"), resolution: [16, 16] } as const;
    await expect(openSeeded(settings)).rejects.toMatchObject({
      code: "DATASET_CONFIG",
      where: expect.stringContaining("num_repeats"),
    });
    await expect(openSeeded({ ...settings, resolution: [1e9, 16] })).rejects.toMatchObject({ code: "DATASET_CONFIG" });
    await writePicture(at("b", "1_x", "line.png"), 20_000, 1);
    const { images, warnings } = await openSeeded({ trainDataDir: at("b"), resolution: [512, 512] });
    expect([images.length, warnings.map(({ kind }) => kind)]).toEqual([0, ["captionFromClass", "aspectTooThin"]]);
  });
});

describe("a folder of a thousand files", () => {
  const folder = () => at("pics", "1_cat");
  const file = (name: string) => at("pics", "1_cat", name);
  const settings = () => ({ trainDataDir: at("pics"), resolution: [16, 16], captionExtension: ".txt" }) as const;
  /** Root can read everything. */
  const isRoot = process.getuid?.() === 0;

  async function fill(): Promise<void> {
    await mkdir(folder(), { recursive: true });
    const png = await encodePng(gradient(16, 16));
    // trailing bytes make each file unique without changing the image
    for (let i = 0; i < 990; i++) await writeFile(file(`${i}.png`), Buffer.concat([png, Buffer.from(`${i}`)]));
    await writeFile(file("Grüße aus 東京 🐈.png"), png);
    await writeFile(file("Grüße aus 東京 🐈.txt"), "mycat, 東京");
    await writeFile(file("notes.md"), "no picture");
    await writeFile(file(".hidden.png"), "no picture");
    await mkdir(file("folder.png"));
    await writeFile(file("jpeg.png"), await sharp(png).jpeg().toBuffer());
  }

  test("is searched whatever the names and extensions", { timeout: 30_000 }, async () => {
    await fill();
    const group = await openSeeded({ ...settings(), trainBatchSize: 50 });
    expect(group.images).toHaveLength(992);
    const samples = (await epochOf(group, 1)).flatMap((batch) => batch.samples);
    expect(samples).toHaveLength(992);
    const captions = new Map(samples.map(({ imageKey, caption }) => [imageKey, caption]));
    expect(captions.get(file("Grüße aus 東京 🐈.png"))).toBe("mycat mycat1, 東京");
    expect(captions.get(file("jpeg.png"))).toBe("cat");
  });

  test("reports all images that cannot be read at once", { timeout: 30_000 }, async () => {
    await fill();
    await writeFile(file("500.png"), "");
    await writeFile(file("501.png"), "<html>not found</html>");
    await unlink(file("502.png"));
    await symlink("502.png", file("502.png"));
    await unlink(file("503.png"));
    await symlink(folder(), file("503.png"));
    await chmod(file("504.png"), 0);
    const named = [500, 501, 502, 503, ...(isRoot ? [] : [504])];
    const mistake = await openSeeded(settings()).catch((error: unknown) => error);
    expect(mistake).toMatchObject({ code: "PICTURE_UNREADABLE", message: `${named.length} images cannot be read.` });
    const lines = (mistake as { where: string }).where.split("\n");
    expect(lines).toHaveLength(named.length);
    for (const [i, name] of named.entries()) expect(lines[i]).toContain(file(`${name}.png`));
  });

  test("stops at a truncated image and names it", { timeout: 30_000 }, async () => {
    await fill();
    for (const [name, whole] of [
      ["cut.png", await encodePng(gradient(64, 64))],
      [
        "cut.jpg",
        await sharp(await encodePng(gradient(64, 64)))
          .jpeg()
          .toBuffer(),
      ],
    ] as const) {
      await writeFile(file(name), whole.subarray(0, whole.length * 0.7));
      const group = await openSeeded({ ...settings(), trainBatchSize: 50 });
      await expect(epochOf(group, 1)).rejects.toMatchObject({
        code: "PICTURE_UNREADABLE",
        message: expect.stringContaining(file(name)),
      });
      await rm(file(name));
    }
  });
});

describe("a caption file", () => {
  test("that is empty, not UTF-8 or cannot be read is reported, all at once", async () => {
    const settings = await writeCats(at("cats"));
    await writeFile(at("cats/3_cat/0.txt"), "");
    await writeFile(at("cats/3_cat/1.txt"), Buffer.from([0x63, 0xe9]));
    const mistake = await openSeeded(settings).catch((error: unknown) => error);
    expect(mistake).toMatchObject({ code: "CAPTION_UNREADABLE", message: "2 caption files cannot be used." });
    expect((mistake as { where: string }).where).toMatch(/0\.txt is empty\.\n.*1\.txt is not UTF-8\./);
  });

  test("that is a broken link is reported, not treated as missing", async () => {
    const settings = await writeCats(at("cats"));
    await rm(at("cats/3_cat/0.txt"));
    await symlink("gone.txt", at("cats/3_cat/0.txt"));
    await expect(openSeeded(settings)).rejects.toMatchObject({
      code: "CAPTION_UNREADABLE",
      message: expect.stringContaining("it is a link to gone.txt, which does not exist"),
    });
  });

  test("with a byte order mark, a blank first line or none at all is read", async () => {
    const settings = { ...(await writeCats(at("cats"))), shuffleCaption: false };
    await writeFile(at("cats/3_cat/0.txt"), "\ufeffmycat, marked\r\nmore");
    await writeFile(at("cats/3_cat/1.txt"), "\nmycat below");
    await rm(at("cats/3_cat/2.txt"));
    const { images, warnings } = await openSeeded(settings);
    expect((await openSeeded({ ...settings, useObjectTemplate: true })).warnings).toEqual([]);
    expect(images.slice(0, 3).map(({ caption }) => caption)).toEqual(["mycat, marked", "", "cat"]);
    expect(warnings).toMatchObject([
      { kind: "captionLines", subjects: [at("cats/3_cat/0.png"), at("cats/3_cat/1.png")] },
      { kind: "captionBlank", subjects: [at("cats/3_cat/1.png")] },
      { kind: "captionFromClass", subjects: [at("cats/3_cat/2.png")] },
    ]);
  });

  test("with another extension than caption_extension are named", async () => {
    const settings = await writeCats(at("cats"));
    await writeFile(at("cats/3_cat/notes.txt"), "of no picture");
    for (const name of ["3.CAPTION", "4.png.txt"]) await writeFile(at("cats/3_cat", name), "mycat");
    const { warnings } = await openSeeded({ ...settings, captionExtension: ".caption" });
    const subjects = ["0.txt", "1.txt", "2.txt", "3.CAPTION", "3.txt", "4.png.txt", "4.txt"].map((name) =>
      at("cats/3_cat", name),
    );
    expect(warnings).toMatchObject([{ kind: "captionOtherEnding", subjects }, { kind: "captionFromClass" }]);
  });

  test("with alternatives in braces or on several lines are reported unless wildcards are on", async () => {
    const settings = await writeCats(at("cats"));
    await writeFile(at("cats/3_cat/0.txt"), "mycat on {grass|sand}");
    await writeFile(at("cats/3_cat/1.txt"), "mycat {in} braces | no choice\n\n");
    await writeFile(at("cats/3_cat/2.txt"), "mycat\nmycat again");
    const told = async (more: object) =>
      (await openSeeded({ ...settings, ...more })).warnings.map(({ kind, subjects }) => [kind, ...subjects]);
    expect(await told({})).toEqual([
      ["captionAlternatives", at("cats/3_cat/0.png")],
      ["captionLines", at("cats/3_cat/2.png")],
    ]);
    expect(await told({ enableWildcard: true })).toEqual([]);
  });

  test("with a keep_tokens_separator that nothing removes are reported", async () => {
    const settings = { ...(await writeCats(at("cats"))), keepTokensSeparator: "|||" };
    await writeFile(at("cats/3_cat/0.txt"), "mycat ||| one, two");
    const kinds = async (more: object) =>
      (await openSeeded({ ...settings, ...more })).warnings.map(({ kind, subjects }) => [kind, ...subjects]);
    expect(await kinds({ shuffleCaption: false })).toEqual([["captionSeparator", at("cats/3_cat/0.png")]]);
    for (const arranged of [{}, { shuffleCaption: false, tokenWarmupStep: 4 }])
      expect(await kinds(arranged)).toEqual([]);
  });

  test("of metadata are reported in the same way", async () => {
    await writePicture(at("a.png"), 16, 16);
    await writeFile(at("meta.json"), JSON.stringify({ a: { caption: "mycat {a|b}\nmore" } }));
    const settings = { inJson: at("meta.json"), trainDataDir: at(), resolution: [16, 16] } as const;
    const kinds = (await openSeeded(settings)).warnings.map(({ kind }) => kind);
    expect(kinds).toEqual(["captionLines", "captionAlternatives"]);
  });
});

test.each(["5", "5_", "5_ "])("a picture without a caption in the folder %j has an empty caption", async (folder) => {
  await writePicture(at("pics", folder, "a.png"), 16, 16);
  const settings = { trainDataDir: at("pics"), resolution: [16, 16] } as const;
  const kinds = async (more: object) => (await openSeeded({ ...settings, ...more })).warnings.map(({ kind }) => kind);
  expect(await kinds({})).toEqual(["captionEmpty"]);
  expect(await kinds({ captionPrefix: "mycat" })).not.toContain("captionEmpty");
});

describe("a metadata file", () => {
  test("whose keys lead to no image names them all", async () => {
    await writePicture(at("a.png"), 16, 16);
    await writeFile(at("meta.json"), JSON.stringify({ a: {}, gone: {}, "b/lost.png": {} }));
    const mistake = await openSeeded({ inJson: at("meta.json"), trainDataDir: at(), resolution: [16, 16] }).catch(
      (error: unknown) => error,
    );
    expect(mistake).toMatchObject({ code: "DATASET_CONFIG", message: "2 keys of the metadata have no image." });
    expect((mistake as { where: string }).where).toMatch(/"b\/lost\.png"[\s\S]*"gone"/);
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "[1]"],
    ["a caption that is no text", '{"a": {"caption": 3}}'],
  ])("that is %s is refused", async (_, text) => {
    await writeFile(at("meta.json"), text);
    await expect(openSeeded({ inJson: at("meta.json"), resolution: [16, 16] })).rejects.toMatchObject({
      code: "DATASET_CONFIG",
      where: at("meta.json"),
    });
  });
});

test("a run without images says where it looked and what it left out", async () => {
  const settings = { trainDataDir: at("nowhere"), resolution: [64, 64] } as const;
  const group = await openSeeded(settings);
  expect(group.batchesPerEpoch).toBe(0);
  expect(emptyDatasetError(group, settings)).toMatchObject({
    code: "DATASET_EMPTY",
    where: expect.stringContaining("this is not a folder"),
  });
});

test("a damaged metadata_cache.json is reported", async () => {
  const settings = { ...(await writeCats(at("cats"))), cacheInfo: true };
  await openSeeded(settings);
  const cache = at("cats/3_cat/metadata_cache.json");
  const whole = await readFile(cache, "utf8");
  await writeFile(cache, whole.slice(0, -20));
  await expect(openSeeded(settings)).rejects.toMatchObject({ code: "DATASET_CONFIG", where: cache });
});
