import { opendir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { namedAs } from "../../pictures/index.ts";
import { folderInside, whyNotName } from "./names.ts";

/** A folder below which the page may list and choose folders. */
export interface Root {
  readonly id: string;
  readonly path: string;
}

/** The user's home, if there is one, and the folders given by --root. */
export function rootsOf(given: readonly string[], home: string = os.homedir()): readonly Root[] {
  const own = home ? [{ id: "home", path: home }] : [];
  return [...own, ...given.map((folder, i) => ({ id: `root${i + 1}`, path: path.resolve(folder) }))];
}

/** @throws ROOT_UNKNOWN */
export function rootOf(roots: readonly Root[], id: string): Root {
  const root = roots.find((one) => one.id === id);
  if (root) return root;
  throw new CoinageError("ROOT_UNKNOWN", `The studio has no root "${id}".`, {
    where: `roots: ${roots.map((one) => one.id).join(", ")}`,
    hint: "Start it with --root FOLDER to list what is below that folder.",
  });
}

export interface FolderListing {
  readonly root: string;
  /** Names of the folders from the root on. */
  readonly path: readonly string[];
  /** Number of files named like images. */
  readonly pictures: number;
  readonly folders: readonly { readonly name: string; readonly pictures: number | undefined }[];
  /** Whether the folder has more entries than are listed. */
  readonly isCut: boolean;
}

/** Limits of a listing: entries read in a folder, and folders whose images are counted. */
const [mostEntries, mostCounted] = [20_000, 300];

/** The folders and the number of images in a folder below a root. Hidden folders and those whose names are refused are not listed.
 *  @throws NAME_REFUSED, OUTSIDE_ROOT, FILE_NOT_FOUND */
export async function listFolder({ id, path: root }: Root, names: readonly string[]): Promise<FolderListing> {
  const folder = await existing(names, () => folderInside(root, names));
  const found = await entriesOf(folder);
  const inner = found.folders.sort(new Intl.Collator("en", { numeric: true }).compare);
  const folders = [];
  for (const [i, name] of inner.entries()) {
    const isCounted = i < mostCounted;
    const counted = isCounted ? await entriesOf(path.join(folder, name)).catch(() => undefined) : undefined;
    folders.push({ name, pictures: counted?.pictures.length });
  }
  return { root: id, path: names, pictures: found.pictures.length, folders, isCut: found.isCut };
}

/** Names of the images in a folder below a root, sorted. @throws as listFolder */
export async function picturesIn({ path: root }: Root, names: readonly string[]): Promise<readonly string[]> {
  const { pictures } = await existing(names, async () => entriesOf(await folderInside(root, names)));
  return pictures.sort(new Intl.Collator("en", { numeric: true }).compare);
}

async function entriesOf(folder: string) {
  const [folders, pictures]: [string[], string[]] = [[], []];
  let looked = 0;
  for await (const entry of await opendir(folder)) {
    if (++looked > mostEntries) break;
    if (whyNotName(entry.name) !== undefined) continue;
    if (entry.isDirectory()) folders.push(entry.name);
    else if (entry.isFile() && namedAs(entry.name) !== "other") pictures.push(entry.name);
  }
  return { folders, pictures, isCut: looked > mostEntries };
}

async function existing<Found>(names: readonly string[], find: () => Promise<Found>): Promise<Found> {
  try {
    return await find();
  } catch (cause) {
    if (cause instanceof CoinageError) throw cause;
    throw new CoinageError("FILE_NOT_FOUND", `The folder ${names.join("/") || "itself"} cannot be listed.`, {
      hint: "It may have been moved, or you may not have permission to read it.",
      cause,
    });
  }
}
