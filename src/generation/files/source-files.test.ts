import { mkdir, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/datasets.ts";
import { listPictures } from "./source-files.ts";

const at = temporaryFolder();

async function put(name: string, orientation = 1): Promise<void> {
  const grey = sharp({ create: { width: 4, height: 2, channels: 3, background: "grey" } });
  await writeFile(at("in", name), await grey.withMetadata({ orientation }).png().toBuffer());
}

test("a folder gives every picture that can be read, and tells of those that cannot and of those that EXIF turns", async () => {
  await mkdir(at("in"));
  for (const name of ["b.PNG", "a.jfif", "c.avif", "d.bmp", "._b.png"]) await put(name);
  await put("e.jpg", 6);
  for (const name of ["f.heic", "g.txt"]) await writeFile(at("in", name), "");
  const { files, warnings } = await listPictures(at("in"), "--image_path");
  expect(files).toEqual(["a.jfif", "b.PNG", "c.avif", "d.bmp", "e.jpg"].map((name) => at("in", name)));
  expect(warnings).toEqual([
    expect.stringMatching(/^--image_path leaves out \S+f\.heic: .* Save them as PNG/),
    expect.stringMatching(/EXIF.*: \S+e\.jpg\. Save them upright/),
  ]);
  expect((await listPictures(at("in", "e.jpg"), "--image_path")).warnings).toHaveLength(1);
});

test("a folder of nothing else than pictures that cannot be read names them", async () => {
  await mkdir(at("in"));
  for (const name of ["f.heic", "g.cr2", "h.HEIC", "i.jxl"]) await writeFile(at("in", name), "");
  await expect(listPictures(at("in"), "--mask_path")).rejects.toMatchObject({
    code: "FILE_NOT_FOUND",
    where: `--mask_path ${at("in")}`,
    hint: expect.stringMatching(/^Save \S+f\.heic, .* and 1 more as PNG/),
  });
});
