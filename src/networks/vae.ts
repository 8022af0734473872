import { arrayOf, itemOf, type NdArray, partsOf } from "../array/index.ts";
import { vaeBands } from "../models/index.ts";
import { type Picture, pictureFromFloats } from "../pictures/index.ts";
import type { Networks } from "./networks.ts";

/** How the work of the VAE is divided. */
export interface VaeShares {
  /** Images it takes at once; below 1, a fraction of the batch; unset: all. */
  readonly vaeBatchSize?: number | undefined;
  /** Bands of an image it works on one after another to save memory; unset: as many as its size calls for. */
  readonly vaeSlices?: number | undefined;
}

/** Images out of scaled latents [B,4,h,w] (times scaling_factor, as the U-Net works on them), each given out as soon as it is decoded.
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

/** The gaussian distributions of latents that images are encoded to. Both arrays: [B,4,h,w], unscaled. */
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

/** One distribution of a batch of them. */
export function distributionOf({ mean, deviation }: LatentDistribution, index: number): LatentDistribution {
  return { mean: itemOf(mean, index), deviation: itemOf(deviation, index) };
}

/** Latents drawn from their distributions by gaussian noise, unscaled. */
export function sampleDistribution(
  { mean, deviation }: LatentDistribution,
  noise: Float32Array,
): NdArray<Float32Array> {
  return arrayOf(
    mean.shape,
    mean.data.map((value, i) => value + deviation.data[i]! * noise[i]!),
  );
}

/** How many images of a batch the VAE takes at once: see vaeBatchSize. */
export function imagesAtOnce(count: number, vaeBatchSize: number | undefined): number {
  if (vaeBatchSize === undefined) return count;
  return Math.max(1, Math.floor(vaeBatchSize < 1 ? count * vaeBatchSize : vaeBatchSize));
}
