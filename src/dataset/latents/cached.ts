import type { NdArray } from "../../array/index.ts";
import type { Size } from "../../pictures/index.ts";
import type { CropBox } from "../buckets/crop-box.ts";

/** What is kept of a picture once the VAE has encoded it. */
export interface CachedLatents {
  /** [4, H/8, W/8], one sample of the distribution, not scaled. */
  readonly latents: NdArray<Float32Array>;
  /** Of the mirrored picture, a sample of its own. */
  readonly flipped?: NdArray<Float32Array>;
  /** [H, W] in 0..1. */
  readonly alphaMask?: NdArray<Float32Array>;
  /** Of the picture file. */
  readonly originalSize: Size;
  readonly cropBox: CropBox;
}
