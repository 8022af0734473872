import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { readingHint, readStart, reasonOf, withRegularFile } from "../../files/index.ts";
import { kindBytes, kindOf, namedAs } from "../../pictures/index.ts";
import { mapBounded } from "../concurrency.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { byCodePoint, joinPath } from "./paths.ts";

/** The images directly in a folder and other entries, sorted by code point, without hidden and system files. */
interface PictureFolder {
  readonly pictures: readonly string[];
  /** Files named like images of formats that cannot be decoded, and whose contents are no decodable image. */
  readonly undecodable: readonly string[];
  /** Decodable images with misleading names: `photo`, or a JPEG named `photo.heic`. */
  readonly misnamed: readonly string[];
  readonly folders: readonly string[];
}

/** Extensions of files that accompany images and need not be opened. */
const companions = /\.(txt|caption|json|jsonl|npz|toml|ya?ml|md|csv|xml|html?|log|safetensors|pt)$/i;

const filesAtOnce = 16;

/** The entries of a folder, by kind. captionExtension: files with it are not opened.
 *  differs from sd-scripts: images whose extension is in mixed case, such as `a.Jpg`, and those named .jfif, .jpe, .tif, .gif, .apng or .dib are left out.
 *  coinage: extensions count in any letter case, and all formats that the decoder reads are used.
 *  because: nobody expects an image to be skipped for the spelling of its extension.
 *  @throws FILE_UNREADABLE */
export async function readPictureFolder(folder: string, captionExtension = ""): Promise<PictureFolder> {
  const entries = (await entriesIn(folder)).filter(({ name }) => !isOfSystem(name));
  const pathsOf = (isWanted: (entry: Dirent) => boolean) =>
    entries
      .filter(isWanted)
      .map(({ name }) => joinPath(folder, name))
      .sort(byCodePoint);
  // links, pipes and entries of unknown type count by name: reading them reports problems
  const isNamed = (kind: ReturnType<typeof namedAs>) => (entry: Dirent) =>
    !entry.isDirectory() && namedAs(entry.name) === kind;
  const isOther = (entry: Dirent) =>
    isNamed("other")(entry) && !companions.test(entry.name) && !entry.name.endsWith(captionExtension || "/");
  const undecodable = pathsOf(isNamed("undecodable picture"));
  const others = [...undecodable, ...pathsOf(isOther)].sort(byCodePoint);
  const arePictures = await mapBounded(others, filesAtOnce, isPictureInside);
  const misnamed = new Set(others.filter((_, i) => arePictures[i]));
  return {
    pictures: pathsOf(isNamed("picture")),
    undecodable: undecodable.filter((file) => !misnamed.has(file)),
    misnamed: [...misnamed],
    folders: pathsOf((entry) => entry.isDirectory()),
  };
}

/** The entries of a folder. @throws FILE_UNREADABLE */
export function entriesIn(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new CoinageError("FILE_UNREADABLE", `The folder ${folder} cannot be read (${reasonOf(cause)}).`, {
      where: folder,
      hint: readingHint(cause) ?? "Check its disk.",
      cause,
    });
  });
}

const systemNames: ReadonlySet<string> = new Set(
  ["Thumbs.db", "ehthumbs.db", "desktop.ini", "Icon\r", "__MACOSX", "@eaDir", "$RECYCLE.BIN"].map((name) =>
    name.toLowerCase(),
  ),
);

/** Whether a name is hidden, or one that an operating system creates by itself. */
export function isOfSystem(name: string): boolean {
  return name.startsWith(".") || systemNames.has(path.basename(name).toLowerCase());
}

async function isPictureInside(file: string): Promise<boolean> {
  try {
    const start = await withRegularFile(file, (handle) => readStart(handle, kindBytes));
    const kind = kindOf(start);
    // camera raw files start like TIFF
    const isRaw = kind?.name === "a TIFF picture" && namedAs(file) === "undecodable picture";
    return !isRaw && (kind?.isDecodable ?? false);
  } catch {
    // unreadable and not named like an image: not meant for training
    return false;
  }
}

/** Warns of entries next to a folder's images that may have been meant for training. */
export async function warnAboutNeighbours(
  found: PictureFolder,
  plan: DatasetPlan,
  warnings: DatasetWarnings,
): Promise<void> {
  warnings.addAll("pictureUndecodable", found.undecodable);
  warnings.addAll("pictureMisnamed", found.misnamed);
  const used = new Set(
    plan.subsets.flatMap(({ imageDir, conditioningDataDir }) =>
      [imageDir, conditioningDataDir].flatMap((folder) => (folder === undefined ? [] : path.resolve(folder))),
    ),
  );
  for (const folder of found.folders)
    if (!used.has(path.resolve(folder)) && (await holdsPictures(folder))) warnings.add("subfolderWithPictures", folder);
}

/** Whether a folder has images; false if it cannot be read. */
async function holdsPictures(folder: string): Promise<boolean> {
  const entries = await entriesIn(folder).catch(() => []);
  return entries.some(
    (entry) => !entry.isDirectory() && !entry.name.startsWith(".") && namedAs(entry.name) !== "other",
  );
}
