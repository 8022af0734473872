import { CoinageError } from "../../errors/index.ts";
import { addDims, convolvedDim, type Dim, describeShape, isMultipleOf, multiplyDims } from "../dims.ts";
import { integers, node, scalar, type Tensor } from "../tensor.ts";
import { type ConvolutionOptions, conv2d, convolutionAttributes } from "./convolution.ts";
import { add, divide, multiply, sqrt, square, subtract } from "./elementwise.ts";
import { groupNorm } from "./normalization.ts";
import { zeroAfter } from "./optimization-barrier.ts";
import { reduceMean } from "./reduce.ts";
import { join, reshape, splitEvenly, transpose } from "./reshape.ts";

/** An image in bands of rows from top to bottom, each [B, C, rows, W]. The runtime finishes a band before it starts the next, so results between two
 *  convolutions take the memory of one band; values are those of the whole image except for the order of summation.
 *  Only a single band, which is the image itself, has gradients. */
export type Bands = readonly Tensor[];

/** Cuts x [B, C, H, W] into `count` bands of the same multiple of `unit` rows; the last may be smaller. H: a multiple of unit, and large enough that no band is empty. */
export function cutBands(x: Tensor, count: number, unit = 1): Bands {
  if (count === 1) return [x];
  if (unit === 1) return splitEvenly(x, 2, count);
  const [batch, channels, height, width] = x.shape;
  if (!isMultipleOf(height!, unit))
    throw new CoinageError("SHAPE", `The height of ${describeShape(x.shape)} is not a multiple of ${unit}.`);
  const columns = transpose(x, [0, 1, 3, 2]);
  const units = reshape(columns, [batch!, channels!, width!, multiplyDims(1 / unit, height!), unit]);
  return splitEvenly(units, 3, count).map((part) =>
    transpose(reshape(part, [batch!, channels!, width!, multiplyDims(unit, part.shape[3]!)]), [0, 1, 3, 2]),
  );
}

/** Joins bands into one image of the given height. */
export function joinBands(bands: Bands, height: Dim): Tensor {
  return join(bands, 2, height);
}

/** A convolution applied to bands: see conv2d. */
export interface BandConvolution extends ConvolutionOptions {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  /** Applied to the rows before the convolution; must treat each row independently of the others. */
  readonly prepare?: (rows: Tensor) => Tensor;
}

/** Several convolutions of the same image. Each band goes through all of them before the next starts. */
export function convolveBands(bands: Bands, convolutions: readonly BandConvolution[]): Bands[] {
  const convolved: Tensor[][] = [];
  for (const [i, band] of bands.entries()) {
    const before = convolved.at(-1);
    // without this barrier, the runtime would prepare several bands before it convolves the first
    const begun = before ? add(band, zeroAfter(before)) : band;
    const [above, below] = [bands[i - 1], bands[i + 1]];
    convolved.push(convolutions.map((convolution) => convolveBand(above, begun, below, convolution)));
  }
  return convolutions.map((_, at) => convolved.map((outputs) => outputs[at]!));
}

/** The padding of a band comes from its neighbours, except at the edges of the image. */
function convolveBand(above: Tensor | undefined, band: Tensor, below: Tensor | undefined, options: BandConvolution) {
  const { weight, bias, stride = 1, padding = [0, 0, 0, 0], prepare = (rows) => rows } = options;
  const prepared = prepare(band);
  if (!above && !below) return conv2d(prepared, weight, bias, options);
  const [outputs, , kernel] = weight.shape as readonly number[];
  const [top, left, bottom, right] = padding;
  const [batch, , height, width] = prepared.shape;
  const rows = joinRows([
    above && top > 0 ? lastRows(prepare(lastRows(above, top)), top) : undefined,
    prepared,
    below && bottom > 0 ? firstRows(prepare(firstRows(below, bottom)), bottom) : undefined,
  ]);
  const shape = [
    ...[batch!, outputs!],
    convolvedDim(height!, top + bottom, kernel!, stride),
    convolvedDim(width!, left + right, kernel!, stride),
  ];
  const pads = [above ? 0 : top, left, below ? 0 : bottom, right];
  return node("Conv", [rows, weight, bias], shape, { attributes: convolutionAttributes(kernel!, stride, pads) });
}

function joinRows(parts: readonly (Tensor | undefined)[]): Tensor {
  const present = parts.filter((part) => part !== undefined);
  return join(present, 2, addDims(...present.map(({ shape }) => shape[2]!)));
}

function firstRows(band: Tensor, count: number): Tensor {
  return rowsOf(band, 0, count, count);
}

function lastRows(band: Tensor, count: number): Tensor {
  return rowsOf(band, -count, Number.MAX_SAFE_INTEGER, count);
}

function rowsOf(band: Tensor, start: number, end: number, count: number): Tensor {
  if (band.shape[2] === count) return band;
  const shape = band.shape.map((size, axis) => (axis === 2 ? count : size));
  return node("Slice", [band, integers(start), integers(end), integers(2)], shape);
}

/** Group normalization with the statistics of the whole image, for any rows of it. gamma, beta: [C]; C / groups consecutive channels share mean and variance. */
export function groupNormOfBands(
  bands: Bands,
  groups: number,
  gamma: Tensor,
  beta: Tensor,
  eps: number,
): (rows: Tensor) => Tensor {
  if (bands.length === 1) return (rows) => groupNorm(rows, groups, gamma, beta, eps);
  const [batch, channels] = bands[0]!.shape as readonly [Dim, number];
  const { mean, variance } = groupMoments(bands, groups);
  const perGroup = [groups, channels / groups];
  const slope = divide(reshape(gamma, perGroup), sqrt(add(variance, scalar(eps))));
  const shift = subtract(reshape(beta, perGroup), multiply(mean, slope));
  const perChannel = [batch, channels, 1, 1];
  const [slopes, shifts] = [reshape(slope, perChannel), reshape(shift, perChannel)];
  return (rows) => add(multiply(rows, slopes), shifts);
}

/** Mean and variance of each group [B, groups, 1]. Rows are equally long, so the mean is the mean of the row means, and the variance
 *  the mean of the row variances plus the variance of the row means; each band is read once. */
function groupMoments(bands: Bands, groups: number): { readonly mean: Tensor; readonly variance: Tensor } {
  const means = bands.map((band) => reduceMean(band, [3]));
  const variances = bands.map((band, i) => reduceMean(square(subtract(band, means[i]!)), [3]));
  const rowMeans = joinByGroup(means, groups);
  const mean = reduceMean(rowMeans, [2]);
  const variance = add(
    reduceMean(joinByGroup(variances, groups), [2]),
    reduceMean(square(subtract(rowMeans, mean)), [2]),
  );
  return { mean, variance };
}

/** Values of every row and channel [B, C, rows, 1] of every band as [B, groups, C / groups x H]. */
function joinByGroup(bands: Bands, groups: number): Tensor {
  const [batch, channels] = bands[0]!.shape as readonly [Dim, number];
  const height = addDims(...bands.map(({ shape }) => shape[2]!));
  return reshape(join(bands, 2, height), [batch, groups, multiplyDims(channels / groups, height)]);
}
