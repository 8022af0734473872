import { createHash } from "node:crypto";
import { bytesOf, type NdArray, stack } from "../../array/index.ts";
import { type Component, readStoredArray } from "../../checkpoint/index.ts";
import type { PictureEncoder } from "../../dataset/index.ts";
import type { DiffusionModel } from "../../models/index.ts";
import { encodeImages, type LatentDistribution, Networks, sampleDistribution } from "../../networks/index.ts";
import { type Picture, pictureToFloats } from "../../pictures/index.ts";
import type { TorchGenerator } from "../../random/index.ts";
import type { Runtime } from "../../runtime/index.ts";

/** Encodes images to latents: one sample of the latent distribution each. */
export interface VaeEncoder {
  /** pixels: [B,3,H,W] in -1..1; latents [B,4,H/8,W/8], unscaled. Sampled by the encoder's generator. */
  encode(pixels: NdArray<Float32Array>): Promise<NdArray<Float32Array>>;
  /** The mean of the distribution instead of a sample. */
  mean(pixels: NdArray<Float32Array>): Promise<NdArray<Float32Array>>;
  /** The distributions of images of one size. */
  distribution(pictures: readonly Picture[]): Promise<LatentDistribution>;
  /** A sample of each. draws: a generator for each image; default: the encoder's for all. */
  draw(distribution: LatentDistribution, draws?: readonly TorchGenerator[]): NdArray<Float32Array>;
  close(): Promise<void>;
}

/** The VAE encoder on a device. Its programs are loaded with the first images of their size. generator: samples the latents. */
export function openVaeEncoder(model: DiffusionModel, runtime: Runtime, generator: TorchGenerator): VaeEncoder {
  const networks = new Networks(model, runtime);
  const draw: VaeEncoder["draw"] = (distribution, draws) => {
    const [count, ...shape] = distribution.mean.shape as readonly [number, ...number[]];
    const noise = draws ? stack(draws.map((own) => own.randn(shape))) : generator.randn([count, ...shape]);
    return sampleDistribution(distribution, noise.data);
  };
  return {
    draw,
    encode: async (pixels) => draw(await encodeImages(networks, pixels)),
    mean: async (pixels) => (await encodeImages(networks, pixels)).mean,
    distribution: (pictures) => encodeImages(networks, stack(pictures.map(pictureToFloats))),
    close: () => networks.close(),
  };
}

/** The encoder for caching latents. distribution: computes distributions in place of this machine's VAE. */
export function pictureEncoder(
  vae: Pick<VaeEncoder, "distribution" | "draw">,
  distribution: VaeEncoder["distribution"] = vae.distribution,
): Pick<PictureEncoder, "encode"> {
  return {
    async encode(pictures) {
      const found = await distribution(pictures);
      return (draws) => vae.draw(found, draws);
    },
  };
}

/** A digest of all weights of a VAE's encoder: tells latents cached with one VAE from another's. */
export function encoderDigest({ tensors }: Component): string {
  const hash = createHash("sha256");
  const names = [...tensors.keys()].filter((name) => /^(encoder|quant_conv)\./.test(name)).sort();
  for (const name of names) {
    const { dtype, data } = readStoredArray(tensors.get(name)!);
    hash.update(`${name} ${dtype} ${data.length}\n`);
    hash.update(bytesOf(data));
  }
  return hash.digest("hex");
}
