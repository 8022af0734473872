import path from "node:path";
import { expect, test } from "vitest";
import { describeGoldens, readJson } from "../../test/goldens.ts";
import { decodePicture } from "../pictures/index.ts";
import { fitInitImage, keptShare } from "./image-to-image.ts";
import { initImageSize } from "./request.ts";

interface Prepared {
  readonly name: string;
  readonly image: string;
  readonly image_shape: readonly number[];
  readonly mask_before_inversion: string;
  readonly mask_shape: readonly number[];
  readonly mask_row_0: readonly number[];
}

describeGoldens("images", (folder) => {
  const decoded = new Map(
    readJson<{ name: string; rgb?: string }[]>(folder, "decode.json").map(({ name, rgb }) => [name, rgb]),
  );
  // decoders differ by up to 2 in a byte, so images are used as the recorded decoder saw them; a mask is made from the same pixels
  const read = (name: string) => decodePicture(path.join(folder, decoded.get(name)!));

  test.each(readJson<Prepared[]>(folder, "generator.json"))("$name to start from, and as a mask", async (golden) => {
    const picture = await read(golden.name);
    const [width, height] = initImageSize(picture);
    expect([1, 3, height, width]).toEqual(golden.image_shape);
    const expected = await decodePicture(path.join(folder, golden.image));
    expect(Buffer.compare(fitInitImage(picture, [width, height]).data, expected.data)).toBe(0);

    const kept = keptShare(picture, [width, height], 4, 8);
    expect([1, 4, height / 8, width / 8]).toEqual(golden.mask_shape);
    const mask = await decodePicture(path.join(folder, golden.mask_before_inversion));
    kept.forEach((share, i) => {
      expect(share).toBeCloseTo(1 - mask.data[(i % (kept.length / 4)) * 3]! / 255, 6);
    });
    golden.mask_row_0.forEach((share, i) => {
      expect(kept[i]).toBeCloseTo(share, 6);
    });
  });
});
