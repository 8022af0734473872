import { arrayOf, type NdArray } from "../array/index.ts";
import type { Picture } from "./picture.ts";

/** What each byte becomes for the VAE: (v / 255 - 0.5) / 0.5 in float32, so -1..1. */
export const signedUnit: Float32Array = Float32Array.from(
  { length: 256 },
  (_, byte) => (Math.fround(byte / 255) - 0.5) / 0.5,
);

/** An RGB picture as the VAE takes it: [3,H,W] in -1..1. The alpha channel of an RGBA picture is left out. */
export function pictureToFloats(picture: Picture): NdArray<Float32Array> {
  const { width, height, channels, data } = picture;
  const pixels = width * height;
  const floats = new Float32Array(3 * pixels);
  for (let c = 0; c < 3; c++) {
    const source = channels === 1 ? 0 : c;
    for (let i = 0; i < pixels; i++) floats[c * pixels + i] = signedUnit[data[i * channels + source]!]!;
  }
  return arrayOf([3, height, width], floats);
}

/** One channel of a picture as [H,W] in 0..1. */
export function channelToFloats(picture: Picture, channel: number): NdArray<Float32Array> {
  const { width, height, channels, data } = picture;
  const floats = new Float32Array(width * height);
  for (let i = 0; i < floats.length; i++) floats[i] = data[i * channels + channel]! / 255;
  return arrayOf([height, width], floats);
}
