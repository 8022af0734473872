import { decodePicture, type Picture } from "../../pictures/index.ts";
import type { TrainingImage } from "../images/training-image.ts";

/** A training picture as its subset wants it: RGBA with an alpha mask, else RGB; turned upright, laid on a background.
 *  @throws PICTURE_UNREADABLE */
export function readTrainingPicture({ path, subset }: TrainingImage): Promise<Picture> {
  const { alphaMask, alphaBackground, exifTranspose } = subset;
  return decodePicture(path, { alpha: alphaMask, background: alphaBackground, exifTranspose });
}
