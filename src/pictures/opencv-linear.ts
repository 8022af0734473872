import { roundHalfEven } from "../array/index.ts";
import type { Picture, Size } from "./picture.ts";

/** For every output position its first input and the fixed-point weights of that and of the next one. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: Int32Array;
}

const coefficientScale = 1 << 11;

/** OpenCV's INTER_LINEAR in its fixed point; with "area" what INTER_AREA does when a side must grow. */
export function resizeLinear(picture: Picture, [width, height]: Size, method: "bilinear" | "area"): Picture {
  const { channels } = picture;
  const columns = tapsFor(picture.width, width, method);
  const rows = tapsFor(picture.height, height, method);
  const stride = width * channels;
  const data = new Uint8Array(height * stride);
  const lines = new Map<number, Int32Array>();
  for (let y = 0; y < height; y++) {
    const upper = Math.max(rows.first[y]!, 0);
    const lower = Math.min(Math.max(rows.first[y]! + 1, 0), picture.height - 1);
    for (const row of lines.keys()) if (row !== upper && row !== lower) lines.delete(row);
    for (const row of [upper, lower]) if (!lines.has(row)) lines.set(row, blendRow(picture, row, columns));
    const weights = rows.weights.subarray(y * 2, y * 2 + 2);
    blendLines(lines.get(upper)!, lines.get(lower)!, weights, data.subarray(y * stride, (y + 1) * stride));
  }
  return { width, height, channels, data };
}

function tapsFor(from: number, to: number, method: "bilinear" | "area"): Taps {
  const first = new Int32Array(to);
  const weights = new Int32Array(to * 2);
  for (let i = 0; i < to; i++) {
    const [at, fraction] = method === "area" ? areaPosition(i, from, to) : linearPosition(i, from, to);
    first[i] = at;
    weights[i * 2] = roundHalfEven(Math.fround(Math.fround(1 - fraction) * coefficientScale));
    weights[i * 2 + 1] = roundHalfEven(Math.fround(fraction * coefficientScale));
  }
  return { first, weights };
}

function linearPosition(i: number, from: number, to: number): [at: number, fraction: number] {
  // OpenCV derives the scale from its reciprocal.
  const position = Math.fround((i + 0.5) * (1 / (to / from)) - 0.5);
  const at = Math.floor(position);
  return [at, Math.fround(position - at)];
}

/** A blend only where an output pixel straddles an edge between input pixels. */
function areaPosition(i: number, from: number, to: number): [at: number, fraction: number] {
  const inverse = to / from;
  const at = Math.floor(i * (1 / inverse));
  const fraction = Math.fround(i + 1 - (at + 1) * inverse);
  return [at, fraction <= 0 ? 0 : Math.fround(fraction - Math.floor(fraction))];
}

function blendRow(picture: Picture, row: number, { first, weights }: Taps): Int32Array {
  const { width, channels, data } = picture;
  const line = new Int32Array(first.length * channels);
  const start = row * width * channels;
  for (let x = 0; x < first.length; x++) {
    const at = first[x]!;
    const isInside = at >= 0 && at < width - 1;
    const left = start + Math.max(0, Math.min(at, width - 1)) * channels;
    // Beyond the first and the last pixel these repeat.
    const [a, b] = isInside ? [weights[x * 2]!, weights[x * 2 + 1]!] : [coefficientScale, 0];
    const right = isInside ? left + channels : left;
    for (let c = 0; c < channels; c++) line[x * channels + c] = data[left + c]! * a + data[right + c]! * b;
  }
  return line;
}

/** OpenCV drops bits between its two multiplications; so do we. */
function blendLines(upper: Int32Array, lower: Int32Array, weights: Int32Array, target: Uint8Array): void {
  const [a, b] = [weights[0]!, weights[1]!];
  for (let i = 0; i < target.length; i++) {
    target[i] = (((a * (upper[i]! >> 4)) >> 16) + ((b * (lower[i]! >> 4)) >> 16) + 2) >> 2;
  }
}
