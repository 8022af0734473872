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

/** The images directly in a folder and what else is there, sorted by code point, without hidden and system files. */
interface PictureFolder {
  readonly pictures: readonly string[];
  /** Named like images of formats that cannot be decoded, and without the contents of another format. */
  readonly undecodable: readonly string[];
  /** Files whose contents are decodable images but whose names do not say so: `photo`, or a JPEG named `photo.heic`. */
  readonly misnamed: readonly string[];
  readonly folders: readonly string[];
}

/** Extensions of files that accompany images and need not be opened. */
const companions = /\.(txt|caption|json|jsonl|npz|toml|ya?ml|md|csv|xml|html?|log|safetensors|pt)$/i;

const filesAtOnce = 16;

/** What is directly in a folder. captionExtension: files with it are not opened either.
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
  // Links, pipes and entries of unknown type count by their name; reading them reports what is wrong.
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
    // Camera raw files start like TIFF.
    const isRaw = kind?.name === "a TIFF picture" && namedAs(file) === "undecodable picture";
    return !isRaw && (kind?.isDecodable ?? false);
  } catch {
    // A file that is not named like an image and cannot be read would not be trained on.
    return false;
  }
}

/** Warns of what is next to the images of a folder and may have been meant for training. */
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

/** A subfolder that cannot be read is ignored. */
async function holdsPictures(folder: string): Promise<boolean> {
  const entries = await entriesIn(folder).catch(() => []);
  return entries.some(
    (entry) => !entry.isDirectory() && !entry.name.startsWith(".") && namedAs(entry.name) !== "other",
  );
}
