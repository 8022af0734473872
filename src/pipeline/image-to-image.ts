import { arrayOf, concatenate, type NdArray, partsOf, stack } from "../array/index.ts";
import { type ImageToImageStart, imageToImageStart, samplerDefaults } from "../diffusion/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { VaeArchitecture } from "../models/index.ts";
import {
  distributionOf,
  encodeImages,
  imagesAtOnce,
  type LatentDistribution,
  type Networks,
  sampleDistribution,
  type VaeShares,
} from "../networks/index.ts";
import { dropAlpha, type Picture, pictureToFloats, resizeLikePillow, type Size, toGrey } from "../pictures/index.ts";
import { type ImageBatch, type ImageRequest, initImageSize, type Sampling } from "./request.ts";

/** An init image stretched to the generated size, without cropping. */
export function fitInitImage(picture: Picture, size: Size): Picture {
  return resizeLikePillow(dropAlpha(picture), size, "lanczos");
}

/** The step at which sampling starts with an init image. */
export function startOf({
  sampler,
  steps,
  strength,
  compatibility,
  forceZeroStepsOffset,
}: Sampling): ImageToImageStart {
  const offset = forceZeroStepsOffset ? 0 : samplerDefaults(sampler, compatibility).stepsOffset;
  return imageToImageStart(steps, strength, offset);
}

/** Init latents [B,4,h,w] of a batch with init images. encodingNoise: for each image, the noise that samples its latents [4,h,w]. @throws RUNTIME */
export async function encodeInitImages(
  { images, sampling }: ImageBatch,
  encodingNoise: readonly Float32Array[],
  encoder: InitImageEncoder,
): Promise<NdArray<Float32Array>> {
  const pictures = images.map(({ init }) => {
    if (!init) throw new TypeError("The images of a batch have init images all of them or none.");
    return init.picture;
  });
  return encoder.latents(pictures, [sampling.width, sampling.height], encodingNoise, sampling);
}

/** Encodes init images, each only once, also for later batches. */
export class InitImageEncoder {
  readonly #networks: Networks;
  /** The distribution of each image, and the size it was encoded at. */
  readonly #encoded = new WeakMap<Picture, { readonly size: Size; readonly distribution: LatentDistribution }>();

  constructor(networks: Networks) {
    this.#networks = networks;
  }

  /** Init latents [B,4,h,w], scaled, sampled from each image's distribution. size: to resize images to, in pixels;
   *  noises: [4,h,w] each. @throws RUNTIME */
  async latents(
    pictures: readonly Picture[],
    size: Size,
    noises: readonly Float32Array[],
    shares: VaeShares,
  ): Promise<NdArray<Float32Array>> {
    const isKnown = (picture: Picture) => this.#encoded.get(picture)?.size.join() === size.join();
    const unknown = [...new Set(pictures)].filter((picture) => !isKnown(picture));
    if (unknown.length > 0) await this.#encode(unknown, size, shares);
    const { scalingFactor } = this.#networks.model.vae.architecture;
    return stack(
      pictures.map((picture, i) => {
        const { shape, data } = sampleDistribution(this.#encoded.get(picture)!.distribution, noises[i]!);
        return arrayOf(
          shape,
          data.map((value) => scalingFactor * value),
        );
      }),
    );
  }

  async #encode(pictures: readonly Picture[], size: Size, { vaeBatchSize, vaeSlices }: VaeShares): Promise<void> {
    const floats = stack(pictures.map((picture) => pictureToFloats(fitInitImage(picture, size))));
    const next = pictures.values();
    for (const part of partsOf(floats, imagesAtOnce(pictures.length, vaeBatchSize))) {
      const distributions = await encodeImages(this.#networks, part, vaeSlices);
      for (let i = 0; i < part.shape[0]!; i++)
        this.#encoded.set(next.next().value!, { size, distribution: distributionOf(distributions, i) });
    }
  }
}

/** The share that a batch's masks keep, 0 to 1, for each latent element [B x 4 x h x w]; undefined without masks. An image without a mask keeps nothing.
 *  @throws PICTURE_SIZE if a mask does not fit */
export function keptByMasks(
  images: readonly Pick<ImageRequest, "init">[],
  { width, height }: Pick<Sampling, "width" | "height">,
  { latentChannels, vaeScaleFactor }: Pick<VaeArchitecture, "latentChannels" | "vaeScaleFactor">,
): Float32Array | undefined {
  if (!images.some(({ init }) => init?.mask)) return undefined;
  const nothing = new Float32Array((latentChannels * width * height) / vaeScaleFactor ** 2);
  const kept = images.map(({ init }) =>
    init?.mask ? keptShare(init.mask, [width, height], latentChannels, vaeScaleFactor) : nothing,
  );
  return concatenate(kept.map((share) => arrayOf([share.length], share))).data;
}

/** The share that a mask keeps, for each latent element [4,h,w]: 1 where it is black. factor: pixels per latent element along a side. */
export function keptShare(
  mask: Picture,
  [width, height]: Size,
  channels: number,
  vaeScaleFactor: number,
): Float32Array {
  checkMaskSize([mask.width, mask.height], { width, height });
  const { data } = resizeLikePillow(toGrey(mask), [width / vaeScaleFactor, height / vaeScaleFactor], "bilinear");
  const kept = new Float32Array(channels * data.length);
  for (let i = 0; i < kept.length; i++) kept[i] = 1 - Math.fround(data[i % data.length]! / 255);
  return kept;
}

/** @throws PICTURE_SIZE if a mask, rounded down, does not have the generated size */
export function checkMaskSize(
  [maskWidth, maskHeight]: Size,
  { width, height }: Pick<Picture, "width" | "height">,
): void {
  const fitted = initImageSize({ width: maskWidth, height: maskHeight });
  if (fitted[0] === width && fitted[1] === height) return;
  throw new CoinageError(
    "PICTURE_SIZE",
    `A mask of ${maskWidth} x ${maskHeight} pixels does not fit an image of ${width} x ${height}.`,
    { hint: "Give a mask of the image's size; --W and --H together resize both to one size." },
  );
}
