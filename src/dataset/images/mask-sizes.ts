import { CoinageError, firstFew } from "../../errors/index.ts";
import { type PictureHeader, readPictureHeader, type Size, shownSize } from "../../pictures/index.ts";
import { mapTellingAll } from "../bounded.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { headersAtOnce } from "./headers.ts";
import type { TrainingImage } from "./training-image.ts";

interface Masked {
  readonly image: TrainingImage;
  readonly header: PictureHeader;
  readonly size: Size;
}

/** Makes sure that mask pictures can be read and fit their pictures, before work begins that would find out late.
 *  @throws PICTURE_UNREADABLE naming every mask that cannot be read; MASK_MISSING, with buckets, for masks of another size than their pictures */
export async function checkMasks(
  images: readonly TrainingImage[],
  { enableBucket }: DatasetPlan,
  warnings: DatasetWarnings,
): Promise<void> {
  const withMask = images.filter(({ maskPath }) => maskPath !== undefined);
  const title = (count: number) => `${count} masks cannot be read.`;
  const masked = await mapTellingAll(withMask, headersAtOnce, title, async (image): Promise<Masked> => {
    const header = await readPictureHeader(image.maskPath!);
    return { image, header, size: shownSize(header, image.subset) };
  });
  const turned = masked.filter(({ image, header }) => header.orientation !== 1 && !image.subset.exifTranspose);
  warnings.addAll(
    "pictureTurned",
    turned.map(({ image }) => image.maskPath!),
  );
  const unlike = masked.filter(({ image, size }) => size.join("x") !== image.size.join("x"));
  if (enableBucket && unlike.length > 0) throw unlikeTheirPictures(unlike);
  warnings.addAll("maskStretched", unlike.map(sizesOf));
}

function unlikeTheirPictures(unlike: readonly Masked[]): CoinageError {
  const [{ image, size }] = unlike as [Masked, ...Masked[]];
  const message =
    unlike.length === 1
      ? `The mask ${image.maskPath} is ${size.join("x")}, its picture ${image.size.join("x")}.`
      : `${unlike.length} masks are of another size than their pictures: ${firstFew(unlike.map(sizesOf))}.`;
  return new CoinageError("MASK_MISSING", message, {
    where: image.path,
    hint: unlike.every(isTurnedAlone) ? turningHint(image) : "Make each mask as large as its picture.",
  });
}

function sizesOf({ image, size }: Masked): string {
  return `${image.maskPath} (${size.join("x")}, not ${image.size.join("x")})`;
}

/** Whether mask and picture would fit if one of them lay on its side: EXIF turns one and not the other. */
function isTurnedAlone({ image, header, size }: Masked): boolean {
  const isOnItsSide = size[0] === image.size[1] && size[1] === image.size[0];
  return isOnItsSide && header.orientation !== (image.header?.orientation ?? 1);
}

function turningHint({ subset }: TrainingImage): string {
  const turned = "EXIF turns only one of picture and mask";
  return subset.exifTranspose
    ? `${turned}: save the masks as viewers show their pictures, or leave --exif_transpose out.`
    : `${turned}: --exif_transpose takes both as viewers show them.`;
}
