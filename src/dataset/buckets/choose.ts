import type { Size } from "../../pictures/index.ts";

/** Where a picture goes. */
export interface BucketChoice {
  readonly bucket: Size;
  /** The size it is resized to; it covers the bucket, what sticks out is cut off. */
  readonly resized: Size;
  /** Aspect ratio of the bucket minus that of the picture. */
  readonly aspectError: number;
}

/** The bucket among given resolutions whose aspect ratio is nearest to the picture's; the resolution itself if it is one of them. */
export function chooseNearest([width, height]: Size, resolutions: readonly Size[]): BucketChoice {
  const aspect = width / height;
  const same = resolutions.find(([w, h]) => w === width && h === height);
  const bucket = same ?? nearestAspect(aspect, resolutions);
  const bucketAspect = bucket[0] / bucket[1];
  const scale = aspect > bucketAspect ? bucket[1] / height : bucket[0] / width;
  const resized: Size = [Math.trunc(width * scale + 0.5), Math.trunc(height * scale + 0.5)];
  return { bucket, resized, aspectError: bucketAspect - aspect };
}

function nearestAspect(aspect: number, resolutions: readonly Size[]): Size {
  const errorOf = ([w, h]: Size) => Math.abs(w / h - aspect);
  return resolutions.reduce((best, candidate) => (errorOf(candidate) < errorOf(best) ? candidate : best));
}

/** A bucket made for the picture: shrunk to the area of the training resolution if larger, never enlarged, sides cut to multiples of the step.
 *  Undefined when a side would vanish.
 *  differs from sd-scripts: there such a picture stops the run, or makes a bucket of width 0 that fails later. */
export function chooseWithoutUpscaling(size: Size, resolution: Size, step: number): BucketChoice | undefined {
  const [width, height] = size;
  const area = resolution[0] * resolution[1];
  const resized = width * height > area ? shrunk(width / height, area, step) : size;
  const bucket: Size = [resized[0] - (resized[0] % step), resized[1] - (resized[1] % step)];
  if (!(bucket[0] > 0 && bucket[1] > 0)) return undefined;
  return { bucket, resized, aspectError: bucket[0] / bucket[1] - width / height };
}

/** The size of that area and about that aspect ratio with one side a multiple of the step: the side that distorts less. */
function shrunk(aspect: number, area: number, step: number): Size {
  const toStep = (x: number) => Math.trunc(x + 0.5) - (Math.trunc(x + 0.5) % step);
  const idealWidth = Math.sqrt(area * aspect);
  const width = toStep(idealWidth);
  const height = toStep(area / idealWidth);
  const widthAspect = width / toStep(width / aspect);
  const heightAspect = toStep(height * aspect) / height;
  return Math.abs(widthAspect - aspect) < Math.abs(heightAspect - aspect)
    ? [width, Math.trunc(width / aspect + 0.5)]
    : [Math.trunc(height * aspect + 0.5), height];
}
