import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { CoinageError } from "../../errors/index.ts";
import { reasonOf } from "../../files/index.ts";
import { pictureExtensions } from "../../pictures/index.ts";
import { byCodePoint, joinPath } from "./paths.ts";

/** The pictures that lie directly in a folder, sorted by code point: files whose ending is all lower or all upper case, hidden ones left out.
 *  @throws FILE_UNREADABLE */
export async function picturesIn(folder: string): Promise<string[]> {
  const entries = await entriesIn(folder);
  const names = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map((entry) => entry.name);
  return names
    .filter(isPictureName)
    .map((name) => joinPath(folder, name))
    .sort(byCodePoint);
}

/** What lies in a folder. @throws FILE_UNREADABLE */
export function entriesIn(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new CoinageError("FILE_UNREADABLE", `The folder ${folder} cannot be read (${reasonOf(cause)}).`, {
      where: folder,
      hint: "Make it readable for yourself.",
      cause,
    });
  });
}

function isPictureName(name: string): boolean {
  return (
    !name.startsWith(".") &&
    pictureExtensions.some((extension) => name.endsWith(extension) && name.length > extension.length)
  );
}
