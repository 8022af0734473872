import { CoinageError } from "../../errors/index.ts";
import { type PictureHeader, readPictureHeader, type Size, shownSize } from "../../pictures/index.ts";
import { mapTellingAll } from "../bounded.ts";
import type { ImageEntry } from "./entry.ts";

export const headersAtOnce = 16;

/** A picture's size as it is trained on, and its header. */
export interface KnownPicture {
  readonly size: Size;
  /** Undefined for latents without a picture. */
  readonly header?: PictureHeader;
  /** A size that metadata tells and the picture does not have. */
  readonly toldSize?: Size;
}

/** Size and header of every picture.
 *  differs from sd-scripts: the size is that of the picture; there one that metadata tells goes before it, and a picture that was exchanged since is squeezed into it.
 *  @throws PICTURE_UNREADABLE naming every picture that cannot be read */
export function headersOf(entries: readonly ImageEntry[]): Promise<KnownPicture[]> {
  return mapTellingAll(entries, headersAtOnce, (count) => `${count} pictures cannot be read.`, headerOf);
}

async function headerOf({ path, size: known, subset, onlyLatents }: ImageEntry): Promise<KnownPicture> {
  if (known && onlyLatents !== undefined) return { size: known };
  const header = await readPictureHeader(path);
  const size = shownSize(header, subset);
  const isOther = known !== undefined && known.join("x") !== header.size.join("x");
  if (size[0] > 0 && size[1] > 0) return { size, header, ...(isOther && { toldSize: known }) };
  throw new CoinageError("PICTURE_UNREADABLE", `${path} has no size.`, { where: path });
}
