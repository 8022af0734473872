import { roundHalfEven } from "../array/index.ts";
import type { Picture, Size } from "./picture.ts";

/** For every output position the four inputs it takes and their weights. */
interface Taps {
  readonly inputs: Int32Array;
  readonly weights: Float64Array;
}

/** OpenCV's INTER_CUBIC (Keys' cubic, a = -0.75) as its builds for Intel processors do it: without rounding between the axes. */
export function resizeCubic(picture: Picture, [width, height]: Size): Picture {
  const { channels } = picture;
  const columns = tapsFor(picture.width, width);
  const rows = tapsFor(picture.height, height);
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

function tapsFor(from: number, to: number): Taps {
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

/** Weights of the four pixels around a point that lies x behind the second. */
function cubicWeights(x: number): number[] {
  const a = -0.75;
  const near = (t: number) => ((a + 2) * t - (a + 3)) * t * t + 1;
  const far = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
  return [far, near(x), near(1 - x), 1 - far - near(x) - near(1 - x)];
}

function filterRow(picture: Picture, row: number, { inputs, weights }: Taps): Float64Array {
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
