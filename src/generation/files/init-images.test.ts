import { mkdir, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/datasets.ts";
import { encodePng, type Picture } from "../../pictures/index.ts";
import { ImageReader, listImages } from "./init-images.ts";

const at = temporaryFolder();

async function put(name: string, orientation = 1): Promise<void> {
  const grey = sharp({ create: { width: 4, height: 2, channels: 3, background: "grey" } });
  await writeFile(at("in", name), await grey.withMetadata({ orientation }).png().toBuffer());
}

test("a folder gives every image that can be read, with warnings about those that cannot and those that EXIF rotates", async () => {
  await mkdir(at("in"));
  for (const name of ["b.PNG", "a.jfif", "c.avif", "d.bmp", "._b.png"]) await put(name);
  await put("e.jpg", 6);
  for (const name of ["f.heic", "g.txt"]) await writeFile(at("in", name), "");
  const { files, warnings } = await listImages(at("in"), "--image_path");
  expect(files).toEqual(["a.jfif", "b.PNG", "c.avif", "d.bmp", "e.jpg"].map((name) => at("in", name)));
  expect(warnings).toEqual([
    expect.stringMatching(/^--image_path leaves out \S+f\.heic: .* Save them as PNG/),
    expect.stringMatching(/EXIF.*: \S+e\.jpg\. Save them upright/),
  ]);
  expect((await listImages(at("in", "e.jpg"), "--image_path")).warnings).toHaveLength(1);
});

test("an error about a folder of images none of which can be read names them", async () => {
  await mkdir(at("in"));
  for (const name of ["f.heic", "g.cr2", "h.HEIC", "i.jxl"]) await writeFile(at("in", name), "");
  await expect(listImages(at("in"), "--mask_path")).rejects.toMatchObject({
    code: "FILE_NOT_FOUND",
    where: `--mask_path ${at("in")}`,
    hint: expect.stringMatching(/^Save \S+f\.heic, .* and 1 more as PNG/),
  });
});

const striped = (step: number): Picture => ({
  ...{ width: 70, height: 64, channels: 3 },
  data: new Uint8Array(70 * 64 * 3).map((_, i) => (i * step) % 256),
});

test("a file is read once for neighbouring batches; one that could not be read is tried again", async () => {
  await mkdir(at("in"));
  const [first, second] = ["a.png", "b.png"].map((name) => ({
    path: at("in", name),
    size: [70, 64] as const,
  }));
  await writeFile(first!.path, await encodePng(striped(3)));
  await writeFile(second!.path, "no picture");
  const reader = new ImageReader(undefined);
  const [one, two, none] = await reader.read([
    { initImage: first, mask: undefined },
    { initImage: first, mask: first },
    { initImage: undefined, mask: undefined },
  ]);
  expect(two!.picture).toBe(one!.picture);
  expect(two!.mask).toBe(one!.picture);
  expect(none).toBeUndefined();
  await expect(reader.read([{ initImage: first, mask: second }])).rejects.toMatchObject({ code: "PICTURE_UNREADABLE" });
  await writeFile(second!.path, await encodePng(striped(7)));
  const [later] = await reader.read([{ initImage: first, mask: second }]);
  expect(later!.picture).toBe(one!.picture);
  expect(later!.mask!.data).toEqual(striped(7).data);
});
