import { type FileHandle, constants as flags, open, realpath } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";

/** The longest name that usual file systems take, in bytes. */
const longestName = 255;

/** Names that Windows reads as devices, whatever follows the first dot. Source: Microsoft, Naming Files, Paths, and Namespaces. */
const deviceNames = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)\s*(\.|$)/i;

/** Why a text cannot be the name of one file or folder, as the end of a sentence; undefined if it can. The same on every system,
 *  because folders are moved between them: a colon is a stream on Windows, and blanks and dots at the end are dropped there. */
export function whyNotName(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (/\p{Cs}/u.test(name)) return "it is not valid Unicode";
  if (/[/\\:]/.test(name)) return "it has a separator of folders or drives";
  if (/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(name)) return "it has control characters";
  if (name.startsWith(".")) return "it begins with a dot";
  if (/[. ]$/.test(name)) return "it ends with a dot or a blank";
  if (deviceNames.test(name)) return "Windows reads it as a device";
  return Buffer.byteLength(name) > longestName ? `it is longer than ${longestName} bytes` : undefined;
}

/** @throws NAME_REFUSED */
function requireName(name: string): void {
  const reason = whyNotName(name);
  if (reason === undefined) return;
  throw new CoinageError("NAME_REFUSED", `${JSON.stringify(name.slice(0, 80))} cannot be a name here: ${reason}.`, {
    hint: "Rename the file or folder, or choose another one.",
  });
}

/** The path of a file or folder inside a root: neither names nor links of folders lead out of it.
 *  The last name need not exist, and may be a link, which `openInside` does not follow.
 *  @throws NAME_REFUSED, OUTSIDE_ROOT; the system's own error if a folder does not exist */
export async function resolveInside(root: string, ...names: readonly [string, ...string[]]): Promise<string> {
  names.forEach(requireName);
  const folder = await folderInside(root, names.slice(0, -1));
  return path.join(folder, names.at(-1)!);
}

/** The real path of a folder inside a root, the root itself without names. @throws as resolveInside */
export async function folderInside(root: string, names: readonly string[]): Promise<string> {
  names.forEach(requireName);
  const real = await realpath(root);
  const folder = await realpath(path.join(real, ...names));
  if (isInside(real, folder)) return folder;
  throw new CoinageError("OUTSIDE_ROOT", `${names.join("/")} is a link that leads out of ${root}.`, {
    hint: "Start the studio with --root and the folder that it leads to.",
  });
}

/** Whether a real path is a root or below it. */
export function isInside(root: string, target: string): boolean {
  const relative = path.relative(root, target);
  return relative === "" || (!relative.startsWith(`..${path.sep}`) && relative !== ".." && !path.isAbsolute(relative));
}

/** Opens a regular file inside a root for reading; links are not followed. @throws as resolveInside, FILE_NOT_FOUND */
export async function openInside(root: string, ...names: readonly [string, ...string[]]): Promise<FileHandle> {
  const missing = (cause?: unknown) =>
    new CoinageError("FILE_NOT_FOUND", `There is no file ${names.join("/")}.`, { cause });
  try {
    const file = await resolveInside(root, ...names);
    // Windows has no such flags, but links need rights that ordinary users lack.
    const handle = await open(file, flags.O_RDONLY | (flags.O_NOFOLLOW ?? 0) | (flags.O_NONBLOCK ?? 0));
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (cause) {
    if (cause instanceof CoinageError) throw cause;
    throw missing(cause);
  }
  throw missing();
}

/** Most bytes kept of a file's original name. */
const keptBytes = 80;

/** The name under which a file is stored: a number and the usable part of its original name. extension: with its dot.
 *  The number separates names that differ only in letter case or in the encoding of accents. */
export function nameOnDisk(number: number, original: string, extension: string): string {
  const { name } = path.posix.parse(
    original
      .replace(/\p{Cs}/gu, "_")
      .normalize("NFC")
      .replaceAll("\\", "/"),
  );
  const plain = name.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");
  let kept = "";
  for (const letter of plain) {
    if (Buffer.byteLength(kept + letter) > keptBytes) break;
    kept += letter;
  }
  return `${String(number).padStart(4, "0")}${kept && `_${kept}`}${extension}`;
}
