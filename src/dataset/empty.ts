import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { didYouMean, quotedWord } from "../files/index.ts";
import { namedAs } from "../pictures/index.ts";
import type { DatasetSettings } from "./config/keys.ts";
import type { DatasetGroup } from "./group.ts";
import type { DatasetWarningKind } from "./warnings.ts";

/** The error of a run without images: folders searched, images left out, and the most likely remedy.
 *  differs from sd-scripts: a run without images prints a message and exits with success.
 *  coinage: a run without images is an error.
 *  because: a script that starts it must notice. */
export function emptyDatasetError(group: DatasetGroup, settings: DatasetSettings): CoinageError {
  const { datasetConfig, trainDataDir, imageDir, inJson } = settings;
  const looked = datasetConfig ?? inJson ?? trainDataDir ?? imageDir;
  const findings = group.warnings.map(({ message }) => message);
  const { message, hint } = likelyRemedy(group, settings);
  return new CoinageError("DATASET_EMPTY", message, {
    where: [looked ?? "no folder was given", ...findings].join("\n  "),
    hint,
  });
}

interface Remedy {
  readonly message: string;
  readonly hint: string;
}

function likelyRemedy(group: DatasetGroup, settings: DatasetSettings): Remedy {
  const { datasetConfig, trainDataDir, imageDir, inJson } = settings;
  const subjectsOf = (wanted: DatasetWarningKind) => group.warnings.find(({ kind }) => kind === wanted)?.subjects ?? [];
  const none = "There are no images to train on.";
  const beside = subjectsOf("picturesBesideFolders");
  if (trainDataDir !== undefined && beside.length > 0) return imagesDirectlyIn(trainDataDir, beside.length);
  const undecodable = subjectsOf("pictureUndecodable");
  if (undecodable.length > 0)
    return {
      message: `None of the images can be read (${undecodable.length} in unsupported formats).`,
      hint: "Export them as PNG or JPEG.",
    };
  const misnamed = subjectsOf("pictureMisnamed");
  if (misnamed.length > 0)
    return {
      message: none,
      hint: `Rename ${misnamed.length} images with the extension of their format, such as .png or .jpg.`,
    };
  if (subjectsOf("infoCacheIncomplete").length > 0)
    return { message: none, hint: "Delete metadata_cache.json, which does not list them, or leave out --cache_info." };
  const [unrepeated] = subjectsOf("subsetWithoutRepeats");
  if (unrepeated !== undefined) return { message: none, hint: repeatsFor(unrepeated, datasetConfig !== undefined) };
  for (const folder of subjectsOf("folderWithoutRepeats")) {
    const hint = remedyInside(folder);
    if (hint !== undefined) return { message: none, hint };
  }
  const folder = datasetConfig === undefined && inJson === undefined ? (trainDataDir ?? imageDir) : undefined;
  if (folder !== undefined && namedAs(folder) === "picture" && isFile(folder))
    return {
      message: none,
      hint: `${folder} is an image; give its folder: --image_dir ${quotedWord(parentOf(folder))}`,
    };
  const [below] = subjectsOf("subfolderWithPictures");
  if (imageDir !== undefined && below !== undefined) return { message: none, hint: remedyBelow(imageDir, below) };
  const near = folder === undefined ? undefined : didYouMean(folder);
  if (near !== undefined) return { message: none, hint: near };
  if (group.numTrainImages === 0 && group.numRegImages > 0)
    return {
      message: "There are only regularisation images, and none of the new word.",
      hint: "Add a folder with images of the word, without is_reg: regularisation images only accompany them.",
    };
  return {
    message: none,
    hint: "Give --dataset_config FILE, --train_data_dir FOLDER with a subfolder named REPEATS_CLASS (10_cat) that holds the images, or --image_dir FOLDER with the images directly in it.",
  };
}

/** Two remedies if images are directly in the folder whose subfolders are searched. */
function imagesDirectlyIn(folder: string, count: number): Remedy {
  const found = count === 1 ? "1 image is" : `${count} images are`;
  const useAsItIs = `use the folder as it is: --image_dir ${quotedWord(folder)} instead of --train_data_dir`;
  const isSubset = /^\d+_/.test(path.basename(path.resolve(folder)));
  return {
    message: `${found} directly in ${folder}, not in a subfolder named REPEATS_CLASS.`,
    hint: isSubset
      ? `The folder itself has such a name: give its parent, --train_data_dir ${quotedWord(parentOf(folder))}, or ${useAsItIs}.`
      : `Move them into a subfolder, such as ${path.join(folder, "10_mycat")}, or ${useAsItIs}.`,
  };
}

/** The remedy for repeats below 1, in a folder's name or in a dataset config. */
function repeatsFor(subset: string, isConfigured: boolean): string {
  if (isConfigured) return `Set num_repeats to 1 or more for ${subset}.`;
  const renamed = path.basename(subset).replace(/^[^_]*/, "1");
  return `Rename ${subset} to ${path.join(path.dirname(subset), renamed)}: the number is how often an epoch uses each image.`;
}

/** The remedy for a folder that is not named REPEATS_CLASS but contains such folders, or images. */
function remedyInside(folder: string): string | undefined {
  const names = namesIn(folder);
  if (names.some((name) => /^\d+_/.test(name)))
    return `The folders with such names are in ${folder}: --train_data_dir ${quotedWord(folder)}`;
  if (!names.some((name) => namedAs(name) === "picture")) return undefined;
  const renamed = path.join(path.dirname(folder), `10_${path.basename(folder)}`);
  return `Rename ${folder} to ${renamed}, or use it as it is: --image_dir ${quotedWord(folder)} instead of --train_data_dir.`;
}

/** The remedy for an image folder whose images are in subfolders. */
function remedyBelow(folder: string, below: string): string {
  if (/^\d+_/.test(path.basename(below)))
    return `Its folders are named REPEATS_CLASS: --train_data_dir ${quotedWord(folder)} instead of --image_dir.`;
  return `The images are one folder further down: --image_dir ${quotedWord(below)}`;
}

function isFile(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The names in a folder; none if it cannot be read. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The parent folder; relative if the folder is. */
function parentOf(folder: string): string {
  const relative = path.relative("", path.dirname(path.resolve(folder)));
  if (path.isAbsolute(folder)) return path.dirname(path.resolve(folder));
  return relative === "" ? "." : relative;
}
