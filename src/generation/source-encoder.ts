import { arrayOf, type NdArray, stack } from "../array/index.ts";
import { type DiffusionModel, type VaeArchitecture, vaeBands } from "../models/index.ts";
import { type Picture, pictureToFloats, type Size } from "../pictures/index.ts";
import { fitSource } from "./image-to-image.ts";
import type { Programs } from "./programs.ts";
import { parts, type VaeShares } from "./vae.ts";

/** The distribution of latents [4, h, w] that a picture was encoded to at a size. */
interface Encoded {
  readonly size: Size;
  readonly shape: readonly number[];
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Encodes pictures to start from. One that comes again, in the same batch or a later one, is not encoded again. */
export class SourceEncoder {
  readonly #vae: VaeArchitecture;
  readonly #programs: Programs;
  readonly #encoded = new WeakMap<Picture, Encoded>();

  constructor(model: DiffusionModel, programs: Programs) {
    this.#vae = model.vae.architecture;
    this.#programs = programs;
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
    return stack(pictures.map((picture, i) => this.#draw(this.#encoded.get(picture)!, noises[i]!)));
  }

  async #encode(pictures: readonly Picture[], size: Size, { vaeBatchSize, vaeSlices }: VaeShares): Promise<void> {
    const [columns, rows] = size.map((side) => side / this.#vae.factor) as [number, number];
    const program = await this.#programs.encoder(vaeBands(rows, columns, vaeSlices));
    const floats = stack(pictures.map((picture) => pictureToFloats(fitSource(picture, size))));
    let at = 0;
    for (const part of parts(floats, vaeBatchSize)) {
      const { mean, logvar } = (await program.run({ pictures: part })) as Record<string, NdArray<Float32Array>>;
      const shape = mean!.shape.slice(1);
      const length = mean!.data.length / part.shape[0]!;
      for (let i = 0; i < part.shape[0]!; i++) {
        const of = ({ data }: NdArray<Float32Array>) => data.slice(i * length, (i + 1) * length);
        const deviation = of(logvar!).map((value) => Math.exp(0.5 * value));
        this.#encoded.set(pictures[at++]!, { size, shape, mean: of(mean!), deviation });
      }
    }
  }

  #draw({ shape, mean, deviation }: Encoded, noise: Float32Array): NdArray<Float32Array> {
    const scaled = mean.map((value, k) => this.#vae.scalingFactor * Math.fround(value + deviation[k]! * noise[k]!));
    return arrayOf(shape, scaled);
  }
}
