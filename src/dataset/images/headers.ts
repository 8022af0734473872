import { CoinageError } from "../../errors/index.ts";
import { type PictureHeader, readPictureHeader, type Size, uprightSize } from "../../pictures/index.ts";
import { mapTellingAll } from "../bounded.ts";
import type { ImageEntry } from "./entry.ts";

const headersAtOnce = 16;

/** A picture's size as it is trained on, and its header where there is one to read. */
export interface KnownPicture {
  readonly size: Size;
  /** Undefined for latents without a picture, and for a picture that cannot be read but whose size is known. */
  readonly header?: PictureHeader;
}

/** Size and header of every picture. A size known beforehand goes before the header's, but not where EXIF is to turn the picture.
 *  @throws PICTURE_UNREADABLE naming every picture that has none */
export function headersOf(entries: readonly ImageEntry[]): Promise<KnownPicture[]> {
  return mapTellingAll(entries, headersAtOnce, (count) => `${count} pictures cannot be read.`, headerOf);
}

async function headerOf({ path, size: known, subset, onlyLatents }: ImageEntry): Promise<KnownPicture> {
  if (known && onlyLatents !== undefined) return { size: known };
  const header = await readPictureHeader(path).catch((error: unknown) => {
    if (known && !subset.exifTranspose) return undefined;
    throw error;
  });
  const upright = header && subset.exifTranspose ? uprightSize(header.size, header.orientation) : undefined;
  const size = upright ?? known ?? header!.size;
  if (!(size[0] > 0 && size[1] > 0))
    throw new CoinageError("PICTURE_UNREADABLE", `${path} has no size.`, { where: path });
  return { size, ...(header && { header }) };
}
