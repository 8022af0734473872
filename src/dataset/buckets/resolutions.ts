import type { Size } from "../../pictures/index.ts";

/** Limits of the predefined bucket resolutions, in pixels. */
export interface BucketLimits {
  readonly minSide: number;
  readonly maxSide: number;
  readonly step: number;
}

/** The bucket resolutions of about the area of the training resolution, sorted by width, then height. */
export function predefinedResolutions([width, height]: Size, { minSide, maxSide, step }: BucketLimits): Size[] {
  const area = width * height;
  const square = Math.floor(Math.sqrt(area) / step) * step;
  const resolutions = new Map<string, Size>();
  const add = (size: Size) => resolutions.set(size.join("x"), size);
  add([square, square]);
  for (let side = minSide; side <= maxSide; side += step) {
    const other = Math.min(maxSide, Math.floor(Math.floor(area / side) / step) * step);
    if (other < minSide) continue;
    add([side, other]);
    add([other, side]);
  }
  return [...resolutions.values()].sort(bySize);
}

/** By width, then height. */
export function bySize(a: Size, b: Size): number {
  return a[0] - b[0] || a[1] - b[1];
}
