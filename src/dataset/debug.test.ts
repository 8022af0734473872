import { readdir, readFile, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { expect, test } from "vitest";
import { collect, epochContext, openSeeded, temporaryFolder, writeCats, writePicture } from "../../test/datasets.ts";
import { decodePicture, pictureToFloats } from "../pictures/index.ts";
import { DebugPictures, listEpoch } from "./index.ts";

const at = temporaryFolder();

test("images are written exactly as the model would see them, and all of them on one sheet", async () => {
  const group = await openSeeded({ ...(await writeCats(at("cats"))), colorAug: true });
  const order = Array.from({ length: group.batchesPerEpoch }, (_, i) => i);
  const pictures = new DebugPictures(at("out"));
  const listings = await collect(listEpoch(group, order, epochContext, () => []));
  for (const listing of listings) await pictures.add(listing);
  expect(await pictures.finish()).toMatchObject({ count: 15, onSheet: 15, sheet: at("out", "contact-sheet.png") });
  const names = await readdir(at("out"));
  expect(names).toHaveLength(16);
  for (const { step, samples } of listings)
    for (const [i, { sample }] of samples.entries()) {
      const name = names.find((candidate) => candidate.startsWith(`${String(step).padStart(4, "0")}-${i + 1}_`))!;
      expect(name.includes("flipped")).toBe(sample.flipped);
      const written = pictureToFloats(await decodePicture(at("out", name)));
      expect(Buffer.from(written.data.buffer).equals(Buffer.from(sample.pixels!.data.buffer))).toBe(true);
    }
  const { width, height } = await sharp(await readFile(at("out", "contact-sheet.png"))).metadata();
  expect([width, height]).toEqual([680, 792]);
});

test("masks that hide something are written beside their picture", async () => {
  for (const [name, channels] of [
    ["1_x/a.png", 4],
    ["1_x/b.png", 3],
  ] as const)
    await writePicture(at("a", name), 64, 64, channels);
  // the longest possible file name, of multi-byte characters
  await writePicture(at("a", "1_x", `${"東".repeat(83)}.png`), 64, 64);
  await writeFile(at("a", "1_x", "a.caption"), 'a <b> & "c" \u0007 \ud83d');
  const group = await openSeeded({ trainDataDir: at("a"), resolution: [64, 64], alphaMask: true });
  const pictures = new DebugPictures(at("out"));
  for await (const listing of listEpoch(group, [0, 1, 2], epochContext, () => [])) await pictures.add(listing);
  expect((await pictures.finish()).count).toBe(3);
  const masks = (await readdir(at("out"))).filter((name) => name.endsWith("_mask.png"));
  expect(masks).toHaveLength(1);
  const { data } = await decodePicture(at("out", masks[0]!));
  expect([data[0], data[63 * 3]]).toEqual([255, 0]);
});

test("a folder that cannot be made is reported", async () => {
  await writeFile(at("out"), "");
  await expect(new DebugPictures(at("out", "deeper")).finish()).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
});
