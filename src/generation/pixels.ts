import { type Picture, roundHalfEven } from "../pictures/index.ts";

/** A picture out of the VAE's values [3, H, W], -1..1: 255 clamp(x / 2 + 0.5, 0, 1) in float32, rounded half to even. */
export function pictureOf(values: Float32Array, width: number, height: number): Picture {
  const pixels = width * height;
  const data = new Uint8Array(3 * pixels);
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < pixels; i++) {
      const share = Math.min(1, Math.max(0, Math.fround(values[channel * pixels + i]! / 2 + 0.5)));
      data[i * 3 + channel] = roundHalfEven(Math.fround(share * 255));
    }
  return { width, height, channels: 3, data };
}
