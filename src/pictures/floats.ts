import { arrayOf, type NdArray, roundHalfEven } from "../array/index.ts";
import type { Picture, Size } from "./picture.ts";

/** The VAE's input for each byte: (v / 255 - 0.5) / 0.5 in float32, so -1..1. */
export const signedUnit: Float32Array = Float32Array.from(
  { length: 256 },
  (_, byte) => (Math.fround(byte / 255) - 0.5) / 0.5,
);

/** A picture as the VAE's input: [3,H,W] in -1..1. Alpha is ignored. */
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

/** An RGB picture from values [3,H,W] in -1..1: 255 clamp(x / 2 + 0.5, 0, 1) in float32, rounded half to even. */
export function pictureFromFloats(values: Float32Array, [width, height]: Size): Picture {
  const pixels = width * height;
  const data = new Uint8Array(3 * pixels);
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < pixels; i++) {
      const share = Math.min(1, Math.max(0, Math.fround(values[channel * pixels + i]! / 2 + 0.5)));
      data[i * 3 + channel] = roundHalfEven(Math.fround(share * 255));
    }
  return { width, height, channels: 3, data };
}
