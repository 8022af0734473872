import { arrayOf, type NdArray } from "../array/index.ts";
import { type DiffusionModel, vaeBands } from "../models/index.ts";
import { type Picture, pictureFromFloats } from "../pictures/index.ts";
import type { Programs } from "./programs.ts";
import type { Sampling } from "./request.ts";

type Vae = DiffusionModel["vae"]["architecture"];

/** How the VAE shares its work out: pictures at once, and bands of each. */
export type VaeShares = Pick<Sampling, "vaeBatchSize" | "vaeSlices">;

/** Pictures the VAE takes at once: all of a batch, so many, or below 1 a share of them. */
export function vaeBatch(count: number, vaeBatchSize: number | undefined): number {
  if (vaeBatchSize === undefined) return count;
  return Math.max(1, Math.floor(vaeBatchSize < 1 ? count * vaeBatchSize : vaeBatchSize));
}

/** Pictures out of latents [B, 4, h, w], each given out as soon as it is there.
 *  differs from sd-scripts: the VAE attends over the picture in its middle as it was trained to; sd-scripts' replacement drops the result. */
export async function* decode(
  latents: NdArray<Float32Array>,
  { scalingFactor }: Vae,
  programs: Programs,
  { vaeBatchSize, vaeSlices }: VaeShares,
): AsyncGenerator<Picture, void> {
  const [height, width] = latents.shape.slice(-2) as [number, number];
  const program = await programs.decoder(vaeBands(height, width, vaeSlices));
  for (const part of parts(latents, vaeBatchSize)) {
    const scaled = part.data.map((value) => value / scalingFactor);
    const { pictures } = await program.run({ latents: arrayOf(part.shape, scaled) });
    const [count, channels, rows, columns] = pictures!.shape as readonly [number, number, number, number];
    const size = channels * rows * columns;
    for (let i = 0; i < count; i++)
      yield pictureFromFloats((pictures!.data as Float32Array).subarray(i * size, (i + 1) * size), [columns, rows]);
  }
}

/** A batch in parts of at most so many. */
export function parts(
  { shape, data }: NdArray<Float32Array>,
  vaeBatchSize: number | undefined,
): NdArray<Float32Array>[] {
  const [count, ...rest] = shape as readonly [number, ...number[]];
  const size = data.length / count;
  const atOnce = vaeBatch(count, vaeBatchSize);
  return Array.from({ length: Math.ceil(count / atOnce) }, (_, i) => {
    const end = Math.min(count, (i + 1) * atOnce);
    return arrayOf([end - i * atOnce, ...rest], data.slice(i * atOnce * size, end * size));
  });
}
