import { shrinkByArea } from "./opencv-area.ts";
import type { Picture, Size } from "./picture.ts";
import { roundHalfEven } from "./rounding.ts";

/** OpenCV's resize methods for 8-bit pictures. None but area antialiases; channels are filtered independently, alpha too. */
export type OpencvMethod = "nearest" | "bilinear" | "bicubic" | "area";

/** For every output position the first of its inputs (may lie outside) and the weights from there on. */
interface Taps {
  readonly first: Int32Array;
  /** `size` weights for every output position, in fixed point. */
  readonly weights: Int32Array;
  readonly size: 2 | 4;
}

const coefficientBits = 11;
const coefficientScale = 1 << coefficientBits;

/** Resizes as OpenCV's `cv2.resize` does with INTER_NEAREST_EXACT, INTER_LINEAR, INTER_CUBIC or INTER_AREA. */
export function resizeLikeOpencv(picture: Picture, [width, height]: Size, method: OpencvMethod): Picture {
  if (width === picture.width && height === picture.height) return picture;
  if (method === "nearest") return nearest(picture, [width, height]);
  const isShrinking = width <= picture.width && height <= picture.height;
  const isHalving = width * 2 === picture.width && height * 2 === picture.height;
  if (method === "area" ? isShrinking : method === "bilinear" && isHalving) return shrinkByArea(picture, [width, height]);
  return interpolate(picture, tapsFor(picture.width, width, method, true), tapsFor(picture.height, height, method, false));
}

function nearest(picture: Picture, [width, height]: Size): Picture {
  const { channels } = picture;
  const columns = nearestPositions(picture.width, width);
  const rows = nearestPositions(picture.height, height);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (rows[y]! * picture.width + columns[x]!) * channels;
      for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = picture.data[from + c]!;
    }
  }
  return { width, height, channels, data };
}

/** The input position nearest to each output position, in OpenCV's 16-bit fixed point. */
function nearestPositions(from: number, to: number): number[] {
  const step = Math.floor((from * 65536 + Math.floor(to / 2)) / to);
  const start = Math.floor(step / 2) - (from % 2);
  return Array.from({ length: to }, (_, i) => Math.min(Math.floor((step * i + start) / 65536), from - 1));
}

function tapsFor(from: number, to: number, method: "bilinear" | "bicubic" | "area", isHorizontal: boolean): Taps {
  const size = method === "bicubic" ? 4 : 2;
  const first = new Int32Array(to);
  const weights = new Int32Array(to * size);
  for (let i = 0; i < to; i++) {
    let [at, fraction] = method === "area" ? areaPosition(i, from, to) : linearPosition(i, from, to);
    // Outside the picture rows repeat by themselves; along a row OpenCV pins two-tap positions to the edge pixel.
    if (isHorizontal && size === 2 && at < 0) [at, fraction] = [0, 0];
    if (isHorizontal && size === 2 && at >= from - 1) [at, fraction] = [from - 1, 0];
    first[i] = size === 4 ? at - 1 : at;
    const taps = size === 4 ? cubicWeights(fraction) : [Math.fround(1 - fraction), fraction];
    taps.forEach((weight, k) => {
      weights[i * size + k] = roundHalfEven(Math.fround(weight * coefficientScale));
    });
  }
  return { first, weights, size };
}

function linearPosition(i: number, from: number, to: number): [at: number, fraction: number] {
  const scale = 1 / (to / from);
  const position = Math.fround((i + 0.5) * scale - 0.5);
  const at = Math.floor(position);
  return [at, Math.fround(position - at)];
}

/** Where INTER_AREA looks when it must enlarge: a two-tap blend only where an output pixel straddles an input edge. */
function areaPosition(i: number, from: number, to: number): [at: number, fraction: number] {
  const inverse = to / from;
  const at = Math.floor(i * (1 / inverse));
  const fraction = Math.fround(i + 1 - (at + 1) * inverse);
  return [at, fraction <= 0 ? 0 : Math.fround(fraction - Math.floor(fraction))];
}

/** Keys' cubic with a = -0.75 in float32. */
function cubicWeights(x: number): number[] {
  const f = Math.fround;
  const a = -0.75;
  const near = (t: number) => f(f(f(f(f((a + 2) * t) - (a + 3)) * t) * t) + 1);
  const far = f(f(f(f(f(f(a * f(x + 1)) - 5 * a) * f(x + 1)) + 8 * a) * f(x + 1)) - 4 * a);
  const [middle, next] = [near(x), near(f(1 - x))];
  return [far, middle, next, f(f(f(1 - far) - middle) - next)];
}

function interpolate(picture: Picture, columns: Taps, rows: Taps): Picture {
  const { channels } = picture;
  const [width, height] = [columns.first.length, rows.first.length];
  const stride = width * channels;
  const data = new Uint8Array(height * stride);
  const filteredRows = new Map<number, Int32Array>();
  for (let y = 0; y < height; y++) {
    const wanted = Array.from({ length: rows.size }, (_, k) => clamp(rows.first[y]! + k, 0, picture.height - 1));
    for (const row of filteredRows.keys()) if (!wanted.includes(row)) filteredRows.delete(row);
    const lines = wanted.map((row) => {
      const line = filteredRows.get(row) ?? filterRow(picture, row, columns);
      filteredRows.set(row, line);
      return line;
    });
    const weights = rows.weights.subarray(y * rows.size, (y + 1) * rows.size);
    const blend = rows.size === 2 ? blendTwo : blendFour;
    blend(lines, weights, data.subarray(y * stride, (y + 1) * stride));
  }
  return { width, height, channels, data };
}

function filterRow(picture: Picture, row: number, columns: Taps): Int32Array {
  const { channels } = picture;
  const line = new Int32Array(columns.first.length * channels);
  const start = row * picture.width * channels;
  for (let x = 0; x < columns.first.length; x++) {
    for (let k = 0; k < columns.size; k++) {
      const at = start + clamp(columns.first[x]! + k, 0, picture.width - 1) * channels;
      const weight = columns.weights[x * columns.size + k]!;
      for (let c = 0; c < channels; c++) line[x * channels + c]! += picture.data[at + c]! * weight;
    }
  }
  return line;
}

/** OpenCV drops bits between its two multiplications; so do we. */
function blendTwo(lines: readonly Int32Array[], weights: Int32Array, target: Uint8Array): void {
  const [upper, lower] = [lines[0]!, lines[1]!];
  const [a, b] = [weights[0]!, weights[1]!];
  for (let i = 0; i < target.length; i++) {
    target[i] = (((a * (upper[i]! >> 4)) >> 16) + ((b * (lower[i]! >> 4)) >> 16) + 2) >> 2;
  }
}

function blendFour(lines: readonly Int32Array[], weights: Int32Array, target: Uint8Array): void {
  const bits = 2 * coefficientBits;
  for (let i = 0; i < target.length; i++) {
    let sum = 1 << (bits - 1);
    for (let k = 0; k < 4; k++) sum += lines[k]![i]! * weights[k]!;
    target[i] = clamp(Math.floor(sum / 2 ** bits), 0, 255);
  }
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
