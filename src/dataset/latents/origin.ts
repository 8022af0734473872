import { createHash } from "node:crypto";
import { z } from "zod";
import type { NdArray } from "../../array/index.ts";
import { TorchGenerator } from "../../random/index.ts";
import type { TrainingImage } from "../images/training-image.ts";

/** What latents were made from: equal origins give equal latents, different ones different latents. */
export interface LatentOrigin {
  /** Digest of the image's file. */
  readonly picture: string;
  /** Digest of the VAE's encoder. */
  readonly vae: string;
  /** How the image was decoded and resized: see latentSettings. */
  readonly settings: string;
}

/** All settings that the latents of an image depend on. Newer settings are listed only if on, so that older caches stay valid. */
export function latentSettings({ bucket, resized, subset }: TrainingImage): string {
  const { alphaMask: alpha, alphaBackground: background, exifTranspose, resizeInterpolation: interpolation } = subset;
  const switched = { interpolation, alpha, background, exifTranspose };
  const on = Object.entries(switched).filter(([, value]) => value !== undefined && value !== false);
  return JSON.stringify({ bucket, resized, ...Object.fromEntries(on) });
}

/** The generators that sample the latents of an image and of its mirror image.
 *  differs from sd-scripts: latents that go into a cache file are sampled with the run's generator.
 *  coinage: the latents of each image in a cache file are sampled with a generator of its own, seeded from the image, the VAE and the settings.
 *  because: a cache file must not depend on which images were encoded before it, nor the run's noise on how many were. */
export function drawsOf(origin: LatentOrigin): readonly [plain: TorchGenerator, mirrored: TorchGenerator] {
  const { picture, vae, settings } = origin;
  const words = createHash("sha256").update([picture, vae, settings].join("\n")).digest();
  return [new TorchGenerator(words.readUInt32LE(0)), new TorchGenerator(words.readUInt32LE(4))];
}

/** The array of a latent cache that holds its origin: JSON as bytes, ignored by sd-scripts. */
export const originArray = "coinage_origin";

const record = z.object({ picture: z.string(), vae: z.string(), settings: z.string(), contents: z.string() });

/** An origin as an array. contents: digest of its latent arrays. */
export function encodeOrigin({ picture, vae, settings }: LatentOrigin, contents: string): NdArray<Uint8Array> {
  const data = new TextEncoder().encode(JSON.stringify({ picture, vae, settings, contents }));
  return { dtype: "uint8", shape: [data.length], data };
}

/** The origin in an array; undefined if it is unreadable or its contents differ, as after sd-scripts replaced the latents. */
export function decodeOrigin({ data }: NdArray, contents: string): LatentOrigin | undefined {
  try {
    const found = record.parse(JSON.parse(new TextDecoder().decode(Uint8Array.from(data, Number))));
    return found.contents === contents ? found : undefined;
  } catch {
    return undefined;
  }
}
