import { CoinageError } from "../../errors/index.ts";
import { readPictureSize, type Size } from "../../pictures/index.ts";
import { mapTellingAll } from "../bounded.ts";
import type { ImageEntry } from "./entry.ts";

const headersAtOnce = 16;

/** The size of every picture: known beforehand, or read from its header. @throws PICTURE_UNREADABLE naming every picture that has none */
export function sizesOf(entries: readonly ImageEntry[]): Promise<Size[]> {
  return mapTellingAll(entries, headersAtOnce, (count) => `${count} pictures cannot be read.`, sizeOf);
}

async function sizeOf({ path, size: known }: ImageEntry): Promise<Size> {
  const size = known ?? (await readPictureSize(path));
  if (size[0] > 0 && size[1] > 0) return size;
  throw new CoinageError("PICTURE_UNREADABLE", `${path} has no size.`, { where: path });
}
