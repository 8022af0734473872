import { arrayOf, type NdArray, partsOf, stack } from "../array/index.ts";
import {
  distributionOf,
  encodeImages,
  imagesAtOnce,
  type LatentDistribution,
  type Networks,
  sampleDistribution,
  type VaeShares,
} from "../networks/index.ts";
import { type Picture, pictureToFloats, type Size } from "../pictures/index.ts";
import { fitSource } from "./image-to-image.ts";

/** Encodes pictures to start from. One that comes again, in the same batch or a later one, is not encoded again. */
export class SourceEncoder {
  readonly #networks: Networks;
  /** What a picture was encoded to, at which size. */
  readonly #encoded = new WeakMap<Picture, { readonly size: Size; readonly distribution: LatentDistribution }>();

  constructor(networks: Networks) {
    this.#networks = networks;
  }

  /** Latents [B, 4, h, w] as the U-Net knows them, drawn from each picture's distribution. size: what pictures are brought to, in pixels;
   *  noises: [4, h, w] each. @throws RUNTIME */
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
    const floats = stack(pictures.map((picture) => pictureToFloats(fitSource(picture, size))));
    const next = pictures.values();
    for (const part of partsOf(floats, imagesAtOnce(pictures.length, vaeBatchSize))) {
      const distributions = await encodeImages(this.#networks, part, vaeSlices);
      for (let i = 0; i < part.shape[0]!; i++)
        this.#encoded.set(next.next().value!, { size, distribution: distributionOf(distributions, i) });
    }
  }
}
