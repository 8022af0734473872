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

/** The pictures that lie directly in a folder, and what lies there beside them; sorted by code point. Hidden files and those of systems are left out. */
interface PictureFolder {
  readonly pictures: readonly string[];
  /** Named like pictures of kinds that cannot be decoded, and not of another kind by their contents. */
  readonly undecodable: readonly string[];
  /** Pictures that can be decoded, by their contents, whose names do not say so: `photo`, or a JPEG named `photo.heic`. */
  readonly misnamed: readonly string[];
  readonly folders: readonly string[];
}

/** Endings of files that lie beside pictures and are none: nobody needs to look into them. */
const companions = /\.(txt|caption|json|jsonl|npz|toml|ya?ml|md|csv|xml|html?|log|safetensors|pt)$/i;

const filesAtOnce = 16;

/** What lies directly in a folder. captionExtension: of files that need no look, too.
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
  // A link, a pipe or what a file system does not tell of counts by its name: whoever reads it will say what is wrong.
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

/** What lies in a folder. @throws FILE_UNREADABLE */
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

/** Whether a name is hidden, or one that a system puts into folders by itself. */
export function isOfSystem(name: string): boolean {
  return name.startsWith(".") || systemNames.has(path.basename(name).toLowerCase());
}

async function isPictureInside(file: string): Promise<boolean> {
  try {
    const start = await withRegularFile(file, (handle) => readStart(handle, kindBytes));
    const kind = kindOf(start);
    // Raw files of cameras begin like TIFF.
    const isRaw = kind?.name === "a TIFF picture" && namedAs(file) === "undecodable picture";
    return !isRaw && (kind?.isDecodable ?? false);
  } catch {
    // What is not named like a picture and cannot be read is nothing that would be trained on.
    return false;
  }
}

/** Notes what lies beside the pictures of a folder and could have been meant to be trained on. */
export async function noteBeside(found: PictureFolder, plan: DatasetPlan, warnings: DatasetWarnings): Promise<void> {
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

/** A sub-folder that cannot be read is nobody's loss. */
async function holdsPictures(folder: string): Promise<boolean> {
  const entries = await entriesIn(folder).catch(() => []);
  return entries.some(
    (entry) => !entry.isDirectory() && !entry.name.startsWith(".") && namedAs(entry.name) !== "other",
  );
}
