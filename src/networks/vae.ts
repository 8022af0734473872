import { arrayOf, itemOf, type NdArray, partsOf } from "../array/index.ts";
import { vaeBands } from "../models/index.ts";
import { type Picture, pictureFromFloats } from "../pictures/index.ts";
import type { Networks } from "./networks.ts";

/** How the VAE's work is divided. */
export interface VaeShares {
  /** Images per run of the VAE; below 1, a fraction of the batch; unset: all. */
  readonly vaeBatchSize?: number | undefined;
  /** Bands of an image, processed one after another to save memory; unset: chosen by the image's size. */
  readonly vaeSlices?: number | undefined;
}

/** Decodes scaled latents [B,4,h,w] (times scaling_factor, as the U-Net works on them) and yields each image as soon as it is decoded.
 *  differs from sd-scripts: the attention in the middle of the VAE has no effect with --sdpa, because gen_img.py replaces it and drops the result.
 *  coinage: the VAE attends over the whole image in its middle.
 *  because: the VAE was trained so.
 *  @throws RUNTIME */
export async function* decodeImages(
  networks: Networks,
  latents: NdArray<Float32Array>,
  { vaeBatchSize, vaeSlices }: VaeShares,
): AsyncGenerator<Picture, void> {
  const { scalingFactor } = networks.model.vae.architecture;
  const [height, width] = latents.shape.slice(-2) as [number, number];
  const decoder = await networks.vaeDecoder(vaeBands(height, width, vaeSlices));
  for (const part of partsOf(latents, imagesAtOnce(latents.shape[0]!, vaeBatchSize))) {
    const unscaled = part.data.map((value) => value / scalingFactor);
    const { pictures } = await decoder.run({ latents: arrayOf(part.shape, unscaled) });
    const [count, channels, rows, columns] = pictures!.shape as readonly [number, number, number, number];
    const size = channels * rows * columns;
    for (let i = 0; i < count; i++)
      yield pictureFromFloats((pictures!.data as Float32Array).subarray(i * size, (i + 1) * size), [columns, rows]);
  }
}

/** Gaussian distributions of the latents of encoded images. Both arrays: [B,4,h,w], unscaled. */
export interface LatentDistribution {
  readonly mean: NdArray<Float32Array>;
  readonly deviation: NdArray<Float32Array>;
}

/** Encodes images [B,3,H,W] in -1..1. @throws RUNTIME */
export async function encodeImages(
  networks: Networks,
  pixels: NdArray<Float32Array>,
  vaeSlices?: number,
): Promise<LatentDistribution> {
  const { vaeScaleFactor } = networks.model.vae.architecture;
  const [rows, columns] = pixels.shape.slice(-2).map((side) => side / vaeScaleFactor) as [number, number];
  const encoder = await networks.vaeEncoder(vaeBands(rows, columns, vaeSlices));
  const { mean, logvar } = (await encoder.run({ pictures: pixels })) as Record<string, NdArray<Float32Array>>;
  return {
    mean: mean!,
    deviation: arrayOf(
      logvar!.shape,
      logvar!.data.map((value) => Math.exp(0.5 * value)),
    ),
  };
}

/** One distribution of a batch. */
export function distributionOf({ mean, deviation }: LatentDistribution, index: number): LatentDistribution {
  return { mean: itemOf(mean, index), deviation: itemOf(deviation, index) };
}

/** Latents sampled from their distributions with Gaussian noise, unscaled. */
export function sampleDistribution(
  { mean, deviation }: LatentDistribution,
  noise: Float32Array,
): NdArray<Float32Array> {
  return arrayOf(
    mean.shape,
    mean.data.map((value, i) => value + deviation.data[i]! * noise[i]!),
  );
}

/** Images of a batch per run of the VAE: see vaeBatchSize. */
export function imagesAtOnce(count: number, vaeBatchSize: number | undefined): number {
  if (vaeBatchSize === undefined) return count;
  return Math.max(1, Math.floor(vaeBatchSize < 1 ? count * vaeBatchSize : vaeBatchSize));
}
