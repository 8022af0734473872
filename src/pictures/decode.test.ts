import { execFileSync } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { gradient, temporaryFolder } from "../../test/datasets.ts";
import { decodePicture, encodePng, readPictureHeader, readPictureSize } from "./index.ts";

const at = temporaryFolder();
const hostile = (name: string) => fileURLToPath(new URL(`../../test/hostile/${name}`, import.meta.url));

/** Signature and IHDR. */
const afterPngHeader = 8 + 25;

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

async function write(name: string, bytes: Uint8Array | string): Promise<string> {
  await writeFile(at(name), bytes);
  return at(name);
}

describe("a picture that EXIF turns", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "orientation %i is as stored, or upright as sharp turns it",
    async (orientation) => {
      const png = await encodePng(gradient(7, 4));
      const file = await write("a.png", await sharp(png).withMetadata({ orientation }).png().toBuffer());
      const { data, info } = await sharp(file).autoOrient().raw().toBuffer({ resolveWithObject: true });
      const upright = await decodePicture(file, { exifTranspose: true });
      expect([upright.width, upright.height]).toEqual([info.width, info.height]);
      expect(Buffer.from(upright.data).equals(data)).toBe(true);
      expect(await readPictureSize(file, { exifTranspose: true })).toEqual([info.width, info.height]);
      expect(await readPictureSize(file)).toEqual([7, 4]);
      expect((await decodePicture(file)).data).toEqual(gradient(7, 4).data);
      expect(await readPictureHeader(file)).toMatchObject({ orientation });
    },
  );
});

describe("a header tells", () => {
  test("transparency and frames, of animated PNGs too", async () => {
    const png = await encodePng(gradient(4, 4, 4));
    expect(await readPictureHeader(await write("a.png", png))).toMatchObject({ hasAlpha: true, pages: 1 });
    const frames = pngChunk("acTL", Buffer.from([0, 0, 0, 3, 0, 0, 0, 0]));
    const animated = Buffer.concat([png.subarray(0, afterPngHeader), frames, png.subarray(afterPngHeader)]);
    expect(await readPictureHeader(await write("b.png", animated))).toMatchObject({ pages: 3 });
    const pages = [Buffer.from(gradient(4, 4).data), Buffer.alloc(48, 200)];
    const stacked = sharp(Buffer.concat(pages), { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } });
    const gif = await stacked.gif({ delay: [100, 200] }).toBuffer();
    expect(await readPictureHeader(await write("c.gif", gif))).toMatchObject({ size: [4, 4], pages: 2 });
  });
});

test("transparent pixels are laid on a background: a mean by alpha", async () => {
  const data = Uint8Array.from([200, 100, 0, 255, 200, 100, 0, 0, 200, 100, 0, 51]);
  const file = await write("a.png", await encodePng({ width: 3, height: 1, channels: 4, data }));
  const { channels, data: flat } = await decodePicture(file, { background: [255, 255, 255] });
  expect([channels, ...flat]).toEqual([3, 200, 100, 0, 255, 255, 255, 244, 224, 204]);
  expect((await decodePicture(file)).data.subarray(3, 6)).toEqual(Uint8Array.from([200, 100, 0]));
});

describe("a small file that claims a giant picture is refused before anything is decoded:", () => {
  /** A bitmap with only a header and a code that ends at once. */
  function emptyBitmap(width: number, height: number): Buffer {
    const file = Buffer.alloc(56);
    file.write("BM");
    for (const [offset, value] of [
      [10, 54],
      [14, 40],
      [18, width],
      [22, height],
      [30, 1],
    ] as const)
      file.writeInt32LE(value, offset);
    file.writeUInt16LE(8, 28);
    file[55] = 1;
    return file;
  }

  test("a run-length coded bitmap of 20000 x 20000", async () => {
    const refused = { code: "PICTURE_UNREADABLE", hint: expect.stringContaining("Shrink it") };
    await expect(decodePicture(hostile("bmp-rle-20000.bmp"))).rejects.toMatchObject(refused);
    await expect(readPictureSize(hostile("bmp-rle-20000.bmp"))).rejects.toMatchObject(refused);
  });

  test("one of 16000 x 16000, which is within the limit, in 56 bytes", async () => {
    const file = await write("a.bmp", emptyBitmap(16_000, 16_000));
    await expect(readPictureSize(file)).rejects.toMatchObject({
      code: "PICTURE_UNREADABLE",
      message: expect.stringMatching(/16000x16000 in 56 bytes.*67,108,864 pixels/),
    });
  });

  test("one whose code ends before the last row", async () => {
    const file = await write("a.bmp", emptyBitmap(8000, 8000));
    const before = process.memoryUsage().arrayBuffers;
    await expect(decodePicture(file)).rejects.toMatchObject({
      code: "PICTURE_UNREADABLE",
      message: expect.stringContaining("ends before its last row"),
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8000 * 8000);
  });

  test("a PNG of 2 MB with texts and a colour profile that unpack to 2 GB is decoded without them", async () => {
    const packed = deflateSync(Buffer.alloc(50_000_000));
    const text = pngChunk("zTXt", Buffer.concat([Buffer.from("a\0\0"), packed]));
    const profile = pngChunk("iCCP", Buffer.concat([Buffer.from("a\0\0"), packed]));
    const png = await encodePng(gradient(4, 4));
    const [start, rest] = [png.subarray(0, afterPngHeader), png.subarray(afterPngHeader)];
    const file = await write("a.png", Buffer.concat([start, profile, ...Array(40).fill(text), rest]));
    const started = process.cpuUsage();
    expect(await readPictureHeader(file)).toMatchObject({ size: [4, 4] });
    expect((await decodePicture(file)).data).toEqual(gradient(4, 4).data);
    // unpacking takes 10 s
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
  });

  test("a PNG with more chunks than any picture has, and a line of 300,000 pixels", async () => {
    const png = await encodePng(gradient(4, 4));
    const parts = Array(20_000).fill(pngChunk("tEXt", Buffer.from("a\0b")));
    const [start, rest] = [png.subarray(0, afterPngHeader), png.subarray(afterPngHeader)];
    const file = await write("a.png", Buffer.concat([start, ...parts, rest]));
    await expect(readPictureHeader(file)).rejects.toThrow("more than 10,000 chunks");
    const line = await write(
      "b.png",
      await encodePng({ width: 300_000, height: 1, channels: 1, data: new Uint8Array(300_000) }),
    );
    await expect(readPictureHeader(line)).rejects.toThrow("more than 200,000 pixels in a row");
  });

  test("a WebP of one colour, but not one of usual size", async () => {
    const plain = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: "#fff" } });
    const file = await write("a.webp", await plain(16_000, 5000).webp({ lossless: true, effort: 0 }).toBuffer());
    await expect(readPictureHeader(file)).rejects.toMatchObject({
      code: "PICTURE_UNREADABLE",
      hint: expect.stringContaining("Shrink it"),
    });
    await expect(decodePicture(file)).rejects.toMatchObject({ code: "PICTURE_UNREADABLE" });
    const usual = await write("b.webp", await plain(2000, 2000).webp({ lossless: true }).toBuffer());
    expect(await readPictureSize(usual)).toEqual([2000, 2000]);
  });
});

describe("an error says what the matter is with", () => {
  const failure = (file: string) => expect(readPictureHeader(file)).rejects;

  test("a link to nothing, a folder, a pipe, an empty file", async () => {
    await symlink("gone.png", at("link.png"));
    await failure(at("link.png")).toThrow("it is a link to gone.png, which does not exist");
    await symlink("loop.png", at("loop.png"));
    await failure(at("loop.png")).toThrow("leads back to itself");
    await mkdir(at("folder.png"));
    await failure(at("folder.png")).toThrow("it is a folder, not a file");
    await failure(await write("empty.png", "")).toThrow("it is empty");
    await failure(at("gone.png")).toThrow("it does not exist");
  });

  test.skipIf(process.platform === "win32")("a pipe without a writer, which is not waited for", async () => {
    execFileSync("mkfifo", [at("pipe.png")]);
    await failure(at("pipe.png")).toThrow("it is a pipe, not a file");
    await expect(decodePicture(at("pipe.png"))).rejects.toThrow("it is a pipe, not a file");
    await expect(decodePicture("/dev/zero")).rejects.toThrow("it is a device, not a file");
  });

  test.skipIf(!process.seteuid)("a file that may not be read: its rights, not its contents", async () => {
    const file = await write("a.png", await encodePng(gradient(4, 4)));
    await chmod(at(), 0o755);
    await chmod(file, 0);
    const isRoot = process.geteuid!() === 0;
    // root may read every file
    if (isRoot) process.seteuid!(65_534);
    try {
      await expect(readPictureHeader(file)).rejects.toMatchObject({
        code: "PICTURE_UNREADABLE",
        message: expect.stringContaining("you do not have permission to read it, EACCES"),
        hint: expect.not.stringContaining("save it anew"),
      });
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });

  test.each([
    ["a HEIC photo", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic")],
    ["a Photoshop file", Buffer.from("8BPS\0\x01".padEnd(60, "\0"))],
    ["a web page", Buffer.from("<!DOCTYPE html><title>404</title>")],
    ["an SVG drawing", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ["a Git LFS pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\n")],
  ])("a .jpg that is %s", async (kind, bytes) => {
    await failure(await write("a.jpg", bytes)).toThrow(`it is ${kind}`);
  });
});
