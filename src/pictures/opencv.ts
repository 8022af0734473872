import { roundHalfEven } from "../array/index.ts";
import { shrinkByArea } from "./opencv-area.ts";
import type { Picture, Size } from "./picture.ts";

/** OpenCV's resize methods for 8-bit pictures. Only area antialiases; channels, including alpha, are filtered independently. */
export type OpencvMethod = "nearest" | "bilinear" | "bicubic" | "area";

/** Resizes as OpenCV's `cv2.resize` does with INTER_NEAREST_EXACT, INTER_LINEAR, INTER_CUBIC or INTER_AREA. */
export function resizeLikeOpencv(picture: Picture, size: Size, method: OpencvMethod): Picture {
  const [width, height] = size;
  if (width === picture.width && height === picture.height) return picture;
  const isShrinking = width <= picture.width && height <= picture.height;
  const isHalving = width * 2 === picture.width && height * 2 === picture.height;
  if (method === "nearest") return resizeNearest(picture, size);
  if (method === "bicubic") return resizeCubic(picture, size);
  if (method === "area") return isShrinking ? shrinkByArea(picture, size) : resizeLinear(picture, size, "area");
  return isHalving ? shrinkByArea(picture, size) : resizeLinear(picture, size, "bilinear");
}

function resizeNearest(picture: Picture, [width, height]: Size): Picture {
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

/** For each output position its first input, and the fixed-point weights of that and the next input. */
interface LinearTaps {
  readonly first: Int32Array;
  readonly weights: Int32Array;
}

const coefficientScale = 1 << 11;

/** OpenCV's INTER_LINEAR in its fixed point; with "area" INTER_AREA for a side that grows. */
function resizeLinear(picture: Picture, [width, height]: Size, method: "bilinear" | "area"): Picture {
  const { channels } = picture;
  const columns = linearTaps(picture.width, width, method);
  const rows = linearTaps(picture.height, height, method);
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

function linearTaps(from: number, to: number, method: "bilinear" | "area"): LinearTaps {
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

/** Blends only if an output pixel straddles an edge between input pixels. */
function areaPosition(i: number, from: number, to: number): [at: number, fraction: number] {
  const inverse = to / from;
  const at = Math.floor(i * (1 / inverse));
  const fraction = Math.fround(i + 1 - (at + 1) * inverse);
  return [at, fraction <= 0 ? 0 : Math.fround(fraction - Math.floor(fraction))];
}

function blendRow(picture: Picture, row: number, { first, weights }: LinearTaps): Int32Array {
  const { width, channels, data } = picture;
  const line = new Int32Array(first.length * channels);
  const start = row * width * channels;
  for (let x = 0; x < first.length; x++) {
    const at = first[x]!;
    const isInside = at >= 0 && at < width - 1;
    const left = start + Math.max(0, Math.min(at, width - 1)) * channels;
    // The first and the last pixel repeat beyond the edges.
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

/** For each output position its four inputs and their weights. */
interface CubicTaps {
  readonly inputs: Int32Array;
  readonly weights: Float64Array;
}

/** OpenCV's INTER_CUBIC (Keys' cubic, a = -0.75) as in its builds for Intel processors: without rounding between the axes. */
function resizeCubic(picture: Picture, [width, height]: Size): Picture {
  const { channels } = picture;
  const columns = cubicTaps(picture.width, width);
  const rows = cubicTaps(picture.height, height);
  const stride = width * channels;
  const data = new Uint8Array(height * stride);
  const lines = new Map<number, Float64Array>();
  for (let y = 0; y < height; y++) {
    const inputs = rows.inputs.subarray(y * 4, y * 4 + 4);
    const weights = rows.weights.subarray(y * 4, y * 4 + 4);
    for (const row of lines.keys()) if (!inputs.includes(row)) lines.delete(row);
    for (const row of inputs) if (!lines.has(row)) lines.set(row, filterRow(picture, row, columns));
    const four = Array.from(inputs, (row) => lines.get(row)!);
    for (let i = 0; i < stride; i++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += four[k]![i]! * weights[k]!;
      data[y * stride + i] = Math.max(0, Math.min(255, roundHalfEven(sum)));
    }
  }
  return { width, height, channels, data };
}

function cubicTaps(from: number, to: number): CubicTaps {
  const inputs = new Int32Array(to * 4);
  const weights = new Float64Array(to * 4);
  for (let i = 0; i < to; i++) {
    const position = (i + 0.5) * (from / to) - 0.5;
    const at = Math.floor(position);
    for (let k = 0; k < 4; k++) inputs[i * 4 + k] = Math.max(0, Math.min(at - 1 + k, from - 1));
    weights.set(cubicWeights(position - at), i * 4);
  }
  return { inputs, weights };
}

/** Weights of the four pixels around a point that lies x after the second. */
function cubicWeights(x: number): number[] {
  const a = -0.75;
  const near = (t: number) => ((a + 2) * t - (a + 3)) * t * t + 1;
  const far = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
  return [far, near(x), near(1 - x), 1 - far - near(x) - near(1 - x)];
}

function filterRow(picture: Picture, row: number, { inputs, weights }: CubicTaps): Float64Array {
  const { channels } = picture;
  const line = new Float64Array((inputs.length / 4) * channels);
  const start = row * picture.width * channels;
  for (let tap = 0; tap < inputs.length; tap++) {
    const from = start + inputs[tap]! * channels;
    const to = (tap >> 2) * channels;
    for (let c = 0; c < channels; c++) line[to + c]! += picture.data[from + c]! * weights[tap]!;
  }
  return line;
}
