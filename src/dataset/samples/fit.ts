import { cropPicture, type Interpolation, type Picture, resizePicture, type Size } from "../../pictures/index.ts";
import type { PythonRandom } from "../../random/index.ts";

/** How a picture is brought to the size of its bucket. */
export interface Fit {
  readonly bucket: Size;
  readonly resized: Size;
  readonly interpolation: Interpolation | undefined;
}

/** Resizes a picture to cover its bucket and cuts off what sticks out: around the middle, or anywhere when a generator is given
 *  (drawn first across, then down). */
export function fitToBucket(picture: Picture, { bucket, resized, interpolation }: Fit, random?: PythonRandom): Picture {
  const isResized = picture.width !== resized[0] || picture.height !== resized[1];
  const covering = isResized ? resizePicture(picture, resized, interpolation) : picture;
  const offset = (excess: number) => {
    if (excess <= 0) return 0;
    return random ? random.randint(0, excess) : Math.floor(excess / 2);
  };
  const left = offset(covering.width - bucket[0]);
  const top = offset(covering.height - bucket[1]);
  return cropPicture(covering, left, top, bucket);
}
