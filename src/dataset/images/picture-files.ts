import { readdir } from "node:fs/promises";
import { pictureExtensions } from "../../pictures/index.ts";
import { byCodePoint, joinPath } from "./paths.ts";

/** The pictures that lie directly in a folder, sorted by code point: files whose ending is all lower or all upper case, hidden ones left out. */
export async function picturesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory() && isPictureName(entry.name)).map((entry) => entry.name);
  return names.map((name) => joinPath(folder, name)).sort(byCodePoint);
}

function isPictureName(name: string): boolean {
  return (
    !name.startsWith(".") &&
    pictureExtensions.some((extension) => name.endsWith(extension) && name.length > extension.length)
  );
}
