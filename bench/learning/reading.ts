import { type Picture, resizeLikePillow } from "../../src/pictures/index.ts";
import {
  type Color,
  colorNames,
  colors,
  coverage,
  type Pattern,
  patterns,
  type Shape,
  type Size,
  shapes,
  sizes,
} from "./world.ts";

/** Reads what a picture of the synthetic world shows, without any learned model: every candidate (shape, pattern, size, angle) is placed over the shape that was
 *  found, the picture is split into background, fill and second fill, and the candidate whose flat colours explain the picture best wins. */

export interface Reading {
  readonly shape: Shape;
  readonly color: Color;
  readonly pattern: Pattern;
  readonly size: Size;
  readonly background: Color;
  /** Root mean square of the residual of the flat colours, 0 to 255. */
  readonly rmse: number;
}

/** Side of the compared pictures, in pixels. */
const side = 48;

/** A sum for each of red, green and blue. */
type Sums = readonly [number, number, number];

interface Candidate {
  readonly shape: Shape;
  readonly pattern: Pattern;
  readonly size: Size;
  /** Middle of its bounds. */
  readonly x: number;
  readonly y: number;
  /** Indices, in a repeated picture, of the pixels that it covers at least in part, and the shares of fill and second fill in each; the rest is background. */
  readonly places: Int32Array;
  readonly fill: Float64Array;
  readonly second: Float64Array;
  /** Inverse of the Gram matrix of the two or three shares, for least squares. */
  readonly inverse: readonly (readonly number[])[];
}

/** Reads a picture of any size, RGB. Undefined if there is nothing on its background. */
export function readScene(picture: Picture): Reading | undefined {
  const pixels = Float64Array.from(resizeLikePillow(picture, [side, side], "box").data);
  const border = borderColour(pixels);
  const found = boundsOf(
    (at) => [0, 1, 2].reduce((sum, c) => sum + Math.abs(pixels[3 * at + c]! - border[c]!), 0) > 70,
  );
  if (found.count < 12) return undefined;
  const energy = pixels.reduce((sum, value) => sum + value * value, 0);
  const sumOf = (c: number) => pixels.reduce((sum, value, i) => (i % 3 === c ? sum + value : sum), 0);
  const total: Sums = [sumOf(0), sumOf(1), sumOf(2)];
  const tiles = repeated(pixels);

  let best: { readonly candidate: Candidate; readonly flat: readonly Sums[] } | undefined;
  let leastError = Number.POSITIVE_INFINITY;
  for (const candidate of candidates())
    for (const dy of [-1, 0, 1])
      for (const dx of [-1, 0, 1]) {
        const products = productsAt(candidate, tiles, total, found.x - candidate.x + dx, found.y - candidate.y + dy);
        const flat = candidate.inverse.map((row) => weightedSums(row, products));
        const explained = flat.reduce((sum, colour, i) => sum + dot(colour, products[i]!), 0);
        // three colours always explain more than two: a pattern must justify its second one
        const error = (energy - explained) * (candidate.pattern === "plain" ? 1 : 1.02);
        if (error >= leastError) continue;
        best = { candidate, flat };
        leastError = error;
      }
  const { candidate, flat } = best!;
  const { shape, pattern, size } = candidate;
  const rmse = Math.sqrt(Math.max(leastError, 0) / pixels.length);
  return { shape, color: nearest(flat[1]!), pattern, size, background: nearest(flat[0]!), rmse };
}

let known: readonly Candidate[] | undefined;

function candidates(): readonly Candidate[] {
  known ??= shapes.flatMap((shape) =>
    patterns.flatMap((pattern) =>
      (Object.keys(sizes) as Size[]).flatMap((size) =>
        (shape === "circle" || shape === "ring" ? [0] : [-7, 7]).map((angle) => candidate(shape, pattern, size, angle)),
      ),
    ),
  );
  return known;
}

function candidate(shape: Shape, pattern: Pattern, size: Size, angle: number): Candidate {
  const { data } = coverage(shape, pattern, size, angle, side);
  const share = (at: number, part: number) =>
    data[3 * at + part]! / Math.max(data[3 * at]! + data[3 * at + 1]! + data[3 * at + 2]!, 1);
  const places = Array.from({ length: side * side }, (_, at) => at).filter((at) => share(at, 0) < 1);
  const fill = Float64Array.from(places, (at) => share(at, 1));
  const second = Float64Array.from(places, (at) => share(at, 2));
  const rest = Float64Array.from(places, (at) => share(at, 0));
  const shares = pattern === "plain" ? [rest, fill] : [rest, fill, second];
  const uncovered = side * side - places.length;
  const gram = shares.map((a, i) =>
    shares.map((b, j) => a.reduce((sum, value, k) => sum + value * b[k]!, i + j === 0 ? uncovered : 0)),
  );
  const { x, y } = boundsOf((at) => share(at, 0) < 0.5);
  const inTiles = Int32Array.from(places, (at) => 3 * (Math.floor(at / side) * 2 * side + (at % side)));
  return { shape, pattern, size, x, y, places: inTiles, fill, second, inverse: inverse(gram) };
}

/** The picture repeated to the right and below, so that what leaves it reappears at the other side: [2 side, 2 side, 3]. */
function repeated(pixels: Float64Array): Float64Array {
  const out = new Float64Array(4 * pixels.length);
  for (let y = 0; y < 2 * side; y++) {
    const row = pixels.subarray((y % side) * side * 3, ((y % side) + 1) * side * 3);
    for (const half of [0, 1]) out.set(row, (2 * y + half) * side * 3);
  }
  return out;
}

/** Sums of a repeated picture under background, fill and second fill of a candidate moved by dx and dy. */
function productsAt({ places, fill, second }: Candidate, tiles: Float64Array, total: Sums, dx: number, dy: number) {
  const start = 3 * (((dy + side) % side) * 2 * side + ((dx + side) % side));
  const sums = new Float64Array(6);
  for (let i = 0; i < places.length; i++) {
    const at = start + places[i]!;
    const first = fill[i]!;
    const other = second[i]!;
    for (let c = 0; c < 3; c++) {
      const value = tiles[at + c]!;
      sums[c]! += first * value;
      sums[c + 3]! += other * value;
    }
  }
  const [r1 = 0, g1 = 0, b1 = 0, r2 = 0, g2 = 0, b2 = 0] = sums;
  const background: Sums = [total[0] - r1 - r2, total[1] - g1 - g2, total[2] - b1 - b2];
  return [background, [r1, g1, b1], [r2, g2, b2]] as const;
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

function weightedSums(weights: readonly number[], sums: readonly Sums[]): Sums {
  const channel = (c: 0 | 1 | 2) => weights.reduce((sum, weight, i) => sum + weight * sums[i]![c], 0);
  return [channel(0), channel(1), channel(2)];
}

/** Inverse of a small symmetric positive matrix, by Gauss-Jordan; its diagonal is slightly raised, as shares can be empty. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [
    ...row.map((value, j) => (i === j ? value + 1e-3 : value)),
    ...row.map((_, j) => (i === j ? 1 : 0)),
  ]);
  for (let pivot = 0; pivot < n; pivot++) {
    const head = rows[pivot]!.map((value) => value / rows[pivot]![pivot]!);
    for (const [i, row] of rows.entries())
      rows[i] = i === pivot ? head : row.map((value, j) => value - row[pivot]! * head[j]!);
  }
  return rows.map((row) => row.slice(n));
}

/** Middle of the bounds of the matching pixels, rounded down, and their number. */
function boundsOf(matches: (at: number) => boolean): {
  readonly x: number;
  readonly y: number;
  readonly count: number;
} {
  const places = Array.from({ length: side * side }, (_, at) => at).filter(matches);
  const middle = (values: readonly number[]) => Math.floor((Math.min(...values) + Math.max(...values)) / 2);
  return {
    x: middle(places.map((at) => at % side)),
    y: middle(places.map((at) => Math.floor(at / side))),
    count: places.length,
  };
}

/** Median colour of the two outermost pixels on all sides; those of the corners count twice. */
function borderColour(pixels: Float64Array): Sums {
  const lines = [0, 1, side - 2, side - 1];
  const places = lines.flatMap((line) =>
    Array.from({ length: side }, (_, along) => [line * side + along, along * side + line]).flat(),
  );
  const channel = (c: number) => {
    const sorted = places.map((at) => pixels[3 * at + c]!).sort((a, b) => a - b);
    return (sorted[sorted.length / 2 - 1]! + sorted[sorted.length / 2]!) / 2;
  };
  return [channel(0), channel(1), channel(2)];
}

function nearest(colour: Sums): Color {
  const distance = (name: Color) => colors[name].reduce((sum, value, c) => sum + Math.abs(value - colour[c]!), 0);
  return colorNames.reduce((best, name) => (distance(name) < distance(best) ? name : best));
}
