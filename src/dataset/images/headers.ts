import { CoinageError } from "../../errors/index.ts";
import { type PictureHeader, readPictureHeader, type Size, uprightSize } from "../../pictures/index.ts";
import { mapTellingAll } from "../bounded.ts";
import type { ImageEntry } from "./entry.ts";

const headersAtOnce = 16;

/** A picture's size as it is trained on, and its header. */
export interface KnownPicture {
  readonly size: Size;
  /** Undefined for latents without a picture. */
  readonly header?: PictureHeader;
}

/** Size and header of every picture. A size known beforehand goes before the header's, but not where EXIF is to turn the picture.
 *  @throws PICTURE_UNREADABLE naming every picture that cannot be read */
export function headersOf(entries: readonly ImageEntry[]): Promise<KnownPicture[]> {
  return mapTellingAll(entries, headersAtOnce, (count) => `${count} pictures cannot be read.`, headerOf);
}

/** Makes sure that mask pictures can be read, before work begins that would find out late. @throws PICTURE_UNREADABLE naming every mask that cannot */
export async function checkMasks(files: readonly string[]): Promise<void> {
  await mapTellingAll(files, headersAtOnce, (count) => `${count} masks cannot be read.`, readPictureHeader);
}

async function headerOf({ path, size: known, subset, onlyLatents }: ImageEntry): Promise<KnownPicture> {
  if (known && onlyLatents !== undefined) return { size: known };
  const header = await readPictureHeader(path);
  const upright = subset.exifTranspose ? uprightSize(header.size, header.orientation) : undefined;
  const size = upright ?? known ?? header.size;
  if (size[0] > 0 && size[1] > 0) return { size, header };
  throw new CoinageError("PICTURE_UNREADABLE", `${path} has no size.`, { where: path });
}
