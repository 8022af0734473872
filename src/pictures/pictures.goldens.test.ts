import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { describeGoldens, largestDifference, readJson } from "../../test/goldens.ts";
import {
  type Channels,
  decodePicture,
  dropAlpha,
  type Interpolation,
  type Picture,
  type PillowFilter,
  readPictureSize,
  resizeLikePillow,
  resizePicture,
  type Size,
  signedUnit,
  toGrey,
} from "./index.ts";

interface DecodeCase {
  readonly name: string;
  readonly file: string;
  readonly pillow_mode?: string;
  readonly header_size: Size;
  readonly rgb?: string;
  readonly rgba?: string;
}

interface ResizeCase {
  readonly name: string;
  readonly by: "training" | "pillow";
  readonly input: string;
  readonly size: Size;
  readonly to: Size;
  readonly method: Interpolation | null;
  readonly expected: string;
}

interface GeneratorCase {
  readonly name: string;
  readonly file: string;
  readonly image: string;
  readonly image_shape: readonly number[];
  readonly mask_before_inversion: string;
  readonly mask_shape: readonly number[];
}

/** A recorded picture with its recorded channels. */
async function readRecorded(file: string): Promise<Picture> {
  const colourType = readFileSync(file)[25]!;
  const channels: Channels = colourType === 0 ? 1 : colourType === 6 ? 4 : 3;
  const picture = await decodePicture(file, { alpha: channels === 4 });
  if (channels !== 1) return picture;
  return { ...picture, channels, data: picture.data.filter((_, i) => i % 3 === 0) };
}

/** Whether a case must agree to the byte, as Pillow's filters and nearest neighbour do; OpenCV's others may differ by one. */
function isExact({ by, method, to, size }: ResizeCase): boolean {
  if (by === "pillow") return true;
  const isGrowing = to[0] > size[0] || to[1] > size[1];
  return ["lanczos", "box", "nearest"].includes(method ?? (isGrowing ? "lanczos" : "area"));
}

function meanDifference(actual: Uint8Array, expected: Uint8Array): number {
  return actual.reduce((sum, value, i) => sum + Math.abs(value - expected[i]!), 0) / actual.length;
}

describeGoldens("images", (folder) => {
  const at = (file: string) => path.join(folder, file);

  test("each byte as the VAE's number", () => {
    expect([...signedUnit]).toEqual(readJson<number[]>(folder, "normalise.json").map(Math.fround));
  });

  test.each(readJson<DecodeCase[]>(folder, "decode.json"))(
    "decode $name",
    async ({ file, pillow_mode, header_size, rgb, rgba }) => {
      if (!rgb) {
        await expect(decodePicture(at(file))).rejects.toMatchObject({ code: "PICTURE_UNREADABLE" });
        return;
      }
      expect(await readPictureSize(at(file))).toEqual(header_size);
      const decoded = await decodePicture(at(file));
      expect([decoded.width, decoded.height, decoded.channels]).toEqual([...header_size, 3]);
      if (pillow_mode === "I;16") {
        // The reference clips 16-bit grey at 255 (a recorded defect); we take the high byte, so the picture is not plain white.
        expect(new Set(decoded.data).size).toBeGreaterThan(2);
      } else {
        const recorded = await readRecorded(at(rgb));
        const isLossy = /\.jpe?g$/.test(file) || /lossy/.test(file);
        expect(largestDifference(decoded.data, recorded.data)).toBeLessThanOrEqual(isLossy ? 2 : 0);
        expect(meanDifference(decoded.data, recorded.data)).toBeLessThan(0.3);
      }
      const withAlpha = await decodePicture(at(file), { alpha: true });
      if (rgba?.endsWith(".png")) {
        const recorded = await readRecorded(at(rgba));
        expect(largestDifference(withAlpha.data, recorded.data)).toBe(0);
      } else {
        expect(dropAlpha(withAlpha).data).toEqual(decoded.data);
        expect(withAlpha.data.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true);
      }
    },
  );

  test.each(readJson<ResizeCase[]>(folder, "resize.json"))("resize $name", async (golden) => {
    const { by, input, to, method, expected } = golden;
    const picture = await readRecorded(at(input));
    const recorded = await readRecorded(at(expected));
    const resized =
      by === "training"
        ? resizePicture(picture, to, method ?? undefined)
        : resizeLikePillow(picture, to, method as PillowFilter);
    expect([resized.width, resized.height, resized.channels]).toEqual([...to, picture.channels]);
    expect(largestDifference(resized.data, recorded.data)).toBeLessThanOrEqual(isExact(golden) ? 0 : 1);
  });

  test.each(readJson<GeneratorCase[]>(folder, "generator.json"))(
    "img2img picture from $name",
    async ({ file, image, image_shape }) => {
      const resized = resizeLikePillow(await decodePicture(at(file)), [image_shape[3]!, image_shape[2]!], "lanczos");
      expect(largestDifference(resized.data, (await readRecorded(at(image))).data)).toBeLessThanOrEqual(
        /\.jpe?g$/.test(file) ? 2 : 0,
      );
    },
  );

  test.each(readJson<GeneratorCase[]>(folder, "generator.json"))("inpainting mask from $name", async (golden) => {
    const grey = toGrey(await decodePicture(at(golden.file)));
    const mask = resizeLikePillow(grey, [golden.mask_shape[3]!, golden.mask_shape[2]!], "bilinear");
    const recorded = await readRecorded(at(golden.mask_before_inversion));
    expect(largestDifference(mask.data, recorded.data)).toBeLessThanOrEqual(/\.jpe?g$/.test(golden.file) ? 2 : 0);
  });
});
