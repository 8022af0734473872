import type { Channels, Picture, Size } from "./picture.ts";

/** Pillow's antialiased resampling filters. */
export type PillowFilter = "box" | "bilinear" | "bicubic" | "lanczos";

interface Kernel {
  /** Radius, in pixels of the coarser picture. */
  readonly support: number;
  readonly weight: (x: number) => number;
}

const kernels: Readonly<Record<PillowFilter, Kernel>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Fractional bits of a weight. */
const precision = 22;

/** Resizes as `Image.resize` of Pillow 13 does, to the byte: fixed-point weights, one axis after the other, 8 bits in between.
 *  RGBA is filtered with premultiplied alpha, so fully transparent areas become black. */
export function resizeLikePillow(picture: Picture, [width, height]: Size, filter: PillowFilter): Picture {
  if (width === picture.width && height === picture.height) return picture;
  const kernel = kernels[filter];
  const straight = picture.channels !== 4;
  const source = straight ? picture : premultiplied(picture);
  const done = isColumnsFirst(source, [width, height])
    ? filterRows(filterColumns(source, height, kernel), width, kernel)
    : filterColumns(filterRows(source, width, kernel), height, kernel);
  return straight ? done : unpremultiplied(done);
}

/** Pillow up to 12 always filters rows first; 13 filters columns first if that leaves far fewer rows. */
function isColumnsFirst(picture: Picture, [width, height]: Size): boolean {
  const fewerRows = picture.height - height;
  return fewerRows > 0 && fewerRows > (picture.width - width) * 2;
}

/** For each output position the first input position and the fixed-point weights from there on. */
interface Weights {
  readonly first: Int32Array;
  readonly weights: readonly Int32Array[];
}

function weightsFor(from: number, to: number, kernel: Kernel): Weights {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = kernel.support * stretch;
  const first = new Int32Array(to);
  const weights: Int32Array[] = [];
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(Math.trunc(centre - support + 0.5), 0);
    const high = Math.min(Math.trunc(centre + support + 0.5), from);
    const raw = Array.from({ length: high - low }, (_, k) => kernel.weight((k + low - centre + 0.5) * (1 / stretch)));
    const sum = raw.reduce((total, weight) => total + weight, 0) || 1;
    first[i] = low;
    weights.push(Int32Array.from(raw, (weight) => fixedPoint(weight / sum)));
  }
  return { first, weights };
}

function fixedPoint(weight: number): number {
  return Math.trunc(weight * 2 ** precision + (weight < 0 ? -0.5 : 0.5));
}

function filterRows(picture: Picture, width: number, kernel: Kernel): Picture {
  if (width === picture.width) return picture;
  const { height, channels } = picture;
  const { first, weights } = weightsFor(picture.width, width, kernel);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = (y * picture.width + first[x]!) * channels;
      sumAt(picture.data, start, channels, channels, weights[x]!, data, (y * width + x) * channels);
    }
  }
  return { width, height, channels, data };
}

function filterColumns(picture: Picture, height: number, kernel: Kernel): Picture {
  if (height === picture.height) return picture;
  const { width, channels } = picture;
  const { first, weights } = weightsFor(picture.height, height, kernel);
  const stride = width * channels;
  const data = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = first[y]! * stride + x * channels;
      sumAt(picture.data, start, stride, channels, weights[y]!, data, y * stride + x * channels);
    }
  }
  return { width, height, channels, data };
}

/** Writes the weighted sum of one pixel's neighbours, which are `step` bytes apart, from `start` on. */
function sumAt(
  source: Uint8Array,
  start: number,
  step: number,
  channels: Channels,
  weights: Int32Array,
  target: Uint8Array,
  at: number,
): void {
  for (let c = 0; c < channels; c++) {
    let sum = 1 << (precision - 1);
    let from = start + c;
    for (let k = 0; k < weights.length; k++) {
      sum += source[from]! * weights[k]!;
      from += step;
    }
    target[at + c] = Math.max(0, Math.min(255, sum >> precision));
  }
}

function premultiplied(picture: Picture): Picture {
  const data = Uint8Array.from(picture.data);
  for (let i = 0; i < data.length; i += 4) {
    for (let c = 0; c < 3; c++) {
      const product = data[i + c]! * data[i + 3]! + 128;
      data[i + c] = ((product >> 8) + product) >> 8;
    }
  }
  return { ...picture, data };
}

function unpremultiplied(picture: Picture): Picture {
  const data = Uint8Array.from(picture.data);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let c = 0; c < 3; c++) data[i + c] = Math.min(255, Math.trunc((255 * data[i + c]!) / alpha));
  }
  return { ...picture, data };
}

function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}
