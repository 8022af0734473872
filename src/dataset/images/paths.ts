import path from "node:path";

/** A name in a folder, spelled as Python's `os.path.join` does: the folder is left as the user wrote it, so it shows in keys and messages. */
export function joinPath(folder: string, name: string): string {
  return folder === "" || /[/\\]$/.test(folder) ? folder + name : `${folder}/${name}`;
}

/** The path without the ending of its file name. */
export function withoutExtension(file: string): string {
  return file.slice(0, file.length - path.extname(file).length);
}

/** The file name without folder and ending. */
export function stemOf(file: string): string {
  return withoutExtension(path.basename(file));
}

/** Python's order of strings. */
export function byCodePoint(a: string, b: string): number {
  // UTF-8 keeps the order of code points; JavaScript's own order is that of UTF-16 units.
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
