import { arrayOf, type NdArray } from "./nd-array.ts";

/** Coefficient of the cubic kernel, commonly called a; -0.75 in PyTorch. Source: Keys 1981, "Cubic Convolution Interpolation for Digital Image Processing". */
const cubicCoefficient = -0.75;

/** Resizes planes [B, C, h, w] by bicubic interpolation, as PyTorch's `interpolate` does without aligned corners or antialiasing. */
export function resizeBicubic(
  { shape, data }: NdArray<Float32Array>,
  height: number,
  width: number,
): NdArray<Float32Array> {
  const [batch, channels, fromHeight, fromWidth] = shape as readonly [number, number, number, number];
  const rows = taps(fromHeight, height);
  const columns = taps(fromWidth, width);
  const resized = new Float32Array(batch * channels * height * width);
  let at = 0;
  for (let plane = 0; plane < batch * channels; plane++)
    for (const row of rows)
      for (const column of columns) {
        let sum = 0;
        for (const [y, rowWeight] of row)
          for (const [x, columnWeight] of column)
            sum += data[(plane * fromHeight + y) * fromWidth + x]! * rowWeight * columnWeight;
        resized[at++] = sum;
      }
  return arrayOf([batch, channels, height, width], resized);
}

type Tap = readonly [position: number, weight: number];

/** The four source positions for each target position; the edge is repeated outside. */
function taps(from: number, to: number): Tap[][] {
  return Array.from({ length: to }, (_, i) => {
    const centre = ((i + 0.5) * from) / to - 0.5;
    const low = Math.floor(centre);
    return [-1, 0, 1, 2].map((offset) => {
      const position = Math.min(from - 1, Math.max(0, low + offset));
      return [position, cubic(Math.abs(centre - (low + offset)))] as const;
    });
  });
}

/** The weight of a source position at distance x >= 0. */
function cubic(x: number): number {
  const a = cubicCoefficient;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}
