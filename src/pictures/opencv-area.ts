import { roundHalfEven } from "../array/index.ts";
import type { Picture, Size } from "./picture.ts";

/** The shares of all output pixels along one axis. Those of pixel i are at `first[i]` to `first[i + 1]` - 1,
 *  each with an input position and its weight. */
interface Shares {
  readonly first: Int32Array;
  readonly from: Int32Array;
  readonly weight: Float32Array;
}

/** Shrinks as OpenCV's INTER_AREA does: each output pixel is the mean of the input area that it covers. Neither side may grow. */
export function shrinkByArea(picture: Picture, [width, height]: Size): Picture {
  // OpenCV derives the scale from its reciprocal; the last bit decides which edges count.
  const scaleX = 1 / (width / picture.width);
  const scaleY = 1 / (height / picture.height);
  const isWhole = isInteger(scaleX) && isInteger(scaleY);
  return isWhole
    ? meanOfBlocks(picture, [width, height], Math.round(scaleX), Math.round(scaleY))
    : meanOfAreas(
        picture,
        [width, height],
        sharesOf(picture.width, width, scaleX),
        sharesOf(picture.height, height, scaleY),
      );
}

function isInteger(scale: number): boolean {
  return Math.abs(scale - Math.round(scale)) < Number.EPSILON;
}

function meanOfBlocks(picture: Picture, [width, height]: Size, blockWidth: number, blockHeight: number): Picture {
  const { channels, data: source } = picture;
  const data = new Uint8Array(width * height * channels);
  const area = blockWidth * blockHeight;
  const isQuad = blockWidth === 2 && blockHeight === 2;
  const share = Math.fround(1 / area);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let v = 0; v < blockHeight; v++) {
          const row = ((y * blockHeight + v) * picture.width + x * blockWidth) * channels + c;
          for (let u = 0; u < blockWidth; u++) sum += source[row + u * channels]!;
        }
        data[(y * width + x) * channels + c] = isQuad ? (sum + 2) >> 2 : roundHalfEven(Math.fround(sum * share));
      }
    }
  }
  return { width, height, channels, data };
}

function meanOfAreas(picture: Picture, [width, height]: Size, columns: Shares, rows: Shares): Picture {
  const { channels, data: source } = picture;
  const data = new Uint8Array(width * height * channels);
  const row = new Float32Array(width * channels);
  const sum = new Float32Array(width * channels);
  let inRow = -1;
  for (let y = 0; y < height; y++) {
    sum.fill(0);
    for (let k = rows.first[y]!; k < rows.first[y + 1]!; k++) {
      const from = rows.from[k]!;
      // An input row shared by two output rows is shrunk once for both.
      if (from !== inRow) shrinkRow(source.subarray(from * picture.width * channels), channels, columns, row);
      inRow = from;
      const weight = rows.weight[k]!;
      for (let i = 0; i < sum.length; i++) sum[i]! += Math.fround(weight * row[i]!);
    }
    for (let i = 0; i < sum.length; i++) data[y * sum.length + i] = roundHalfEven(sum[i]!);
  }
  return { width, height, channels, data };
}

function shrinkRow(source: Uint8Array, channels: number, { first, from, weight }: Shares, row: Float32Array): void {
  for (let x = 0; x + 1 < first.length; x++) {
    const end = first[x + 1]!;
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let k = first[x]!; k < end; k++)
        sum = Math.fround(sum + Math.fround(source[from[k]! * channels + c]! * weight[k]!));
      row[x * channels + c] = sum;
    }
  }
}

function sharesOf(from: number, to: number, scale: number): Shares {
  const shares = { first: [0], from: [] as number[], weight: [] as number[] };
  for (let i = 0; i < to; i++) {
    const start = i * scale;
    const end = start + scale;
    const cell = Math.min(scale, from - start);
    const lastWhole = Math.min(Math.floor(end), from - 1);
    const firstWhole = Math.min(Math.ceil(start), lastWhole);
    const add = (at: number, length: number) => {
      shares.from.push(at);
      shares.weight.push(length / cell);
    };
    if (firstWhole - start > 1e-3) add(firstWhole - 1, firstWhole - start);
    for (let at = firstWhole; at < lastWhole; at++) add(at, 1);
    if (end - lastWhole > 1e-3) add(lastWhole, Math.min(end - lastWhole, 1, cell));
    shares.first.push(shares.from.length);
  }
  return {
    first: Int32Array.from(shares.first),
    from: Int32Array.from(shares.from),
    weight: Float32Array.from(shares.weight),
  };
}
