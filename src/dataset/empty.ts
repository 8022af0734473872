import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { didYouMean, quotedWord } from "../files/index.ts";
import { namedAs } from "../pictures/index.ts";
import type { DatasetSettings } from "./config/keys.ts";
import type { DatasetGroup } from "./group.ts";
import type { DatasetWarningKind } from "./warnings.ts";

/** The error of a run whose datasets have no pictures: which folders were looked at, what was left out, and the way out that is nearest.
 *  differs from sd-scripts: it says so and ends as if all had gone well. */
export function emptyDatasetError(group: DatasetGroup, settings: DatasetSettings): CoinageError {
  const { datasetConfig, trainDataDir, imageDir, inJson } = settings;
  const looked = datasetConfig ?? inJson ?? trainDataDir ?? imageDir;
  const findings = group.warnings.map(({ message }) => message);
  const { message, hint } = nearestWayOut(group, settings);
  return new CoinageError("DATASET_EMPTY", message, {
    where: [looked ?? "no folder was given", ...findings].join("\n  "),
    hint,
  });
}

interface WayOut {
  readonly message: string;
  readonly hint: string;
}

function nearestWayOut(group: DatasetGroup, settings: DatasetSettings): WayOut {
  const { datasetConfig, trainDataDir, imageDir, inJson } = settings;
  const subjectsOf = (wanted: DatasetWarningKind) => group.warnings.find(({ kind }) => kind === wanted)?.subjects ?? [];
  const none = "There are no pictures to train on.";
  const beside = subjectsOf("picturesBesideFolders");
  if (trainDataDir !== undefined && beside.length > 0) return picturesRightIn(trainDataDir, beside.length);
  const undecodable = subjectsOf("pictureUndecodable");
  if (undecodable.length > 0)
    return {
      message: `None of the pictures can be read here (${undecodable.length} of other kinds).`,
      hint: "Export them as PNG or JPEG.",
    };
  const misnamed = subjectsOf("pictureMisnamed");
  if (misnamed.length > 0)
    return { message: none, hint: `Rename ${misnamed.length} pictures to end in .png, .jpg or what they are.` };
  if (subjectsOf("infoCacheIncomplete").length > 0)
    return { message: none, hint: "Delete metadata_cache.json, which does not know them, or leave --cache_info out." };
  const [unrepeated] = subjectsOf("subsetWithoutRepeats");
  if (unrepeated !== undefined) return { message: none, hint: repeatsFor(unrepeated, datasetConfig !== undefined) };
  for (const folder of subjectsOf("folderWithoutRepeats")) {
    const hint = wayInto(folder);
    if (hint !== undefined) return { message: none, hint };
  }
  const folder = datasetConfig === undefined && inJson === undefined ? (trainDataDir ?? imageDir) : undefined;
  if (folder !== undefined && namedAs(folder) === "picture" && isFile(folder))
    return {
      message: none,
      hint: `${folder} is a picture; give the folder: --image_dir ${quotedWord(parentOf(folder))}`,
    };
  const [below] = subjectsOf("subfolderWithPictures");
  if (imageDir !== undefined && below !== undefined) return { message: none, hint: wayBelow(imageDir, below) };
  const near = folder === undefined ? undefined : didYouMean(folder);
  if (near !== undefined) return { message: none, hint: near };
  if (group.numTrainImages === 0 && group.numRegImages > 0)
    return {
      message: "There are regularisation pictures only, and none of the new word.",
      hint: "Add a folder with its pictures, without is_reg: regularisation pictures only go beside them.",
    };
  return {
    message: none,
    hint: "Give --dataset_config FILE, --train_data_dir FOLDER with a sub-folder named REPEATS_CLASS (10_cat) that holds the pictures, or --image_dir FOLDER with the pictures right in it.",
  };
}

/** The two ways out where pictures lie right in the folder whose sub-folders are looked for. */
function picturesRightIn(folder: string, count: number): WayOut {
  const pictures = count === 1 ? "1 picture lies" : `${count} pictures lie`;
  const takeAsItIs = `take the folder as it is: --image_dir ${quotedWord(folder)} in place of --train_data_dir`;
  const isSubset = /^\d+_/.test(path.basename(path.resolve(folder)));
  return {
    message: `${pictures} right in ${folder}, and not in a sub-folder of it named REPEATS_CLASS.`,
    hint: isSubset
      ? `The folder itself is named so: give the one it lies in, --train_data_dir ${quotedWord(parentOf(folder))}, or ${takeAsItIs}.`
      : `Move them into a sub-folder, such as ${path.join(folder, "10_mycat")}, or ${takeAsItIs}.`,
  };
}

/** The way out where a number of repeats is below 1: in the name of a folder, or in a dataset config. */
function repeatsFor(subset: string, isConfigured: boolean): string {
  if (isConfigured) return `Set num_repeats to 1 or more for ${subset}.`;
  const renamed = path.basename(subset).replace(/^[^_]*/, "1");
  return `Rename ${subset} to ${path.join(path.dirname(subset), renamed)}: the number is how often an epoch uses each picture.`;
}

/** What was meant by a folder above one that is not named REPEATS_CLASS but holds folders that are, or pictures. */
function wayInto(folder: string): string | undefined {
  const names = namesIn(folder);
  if (names.some((name) => /^\d+_/.test(name)))
    return `The folders named so lie in ${folder}: --train_data_dir ${quotedWord(folder)}`;
  if (!names.some((name) => namedAs(name) === "picture")) return undefined;
  const renamed = path.join(path.dirname(folder), `10_${path.basename(folder)}`);
  return `Rename ${folder} to ${renamed}, or take it as it is: --image_dir ${quotedWord(folder)} in place of --train_data_dir.`;
}

/** What was meant by a folder taken as it is whose pictures lie in folders below. */
function wayBelow(folder: string, below: string): string {
  if (/^\d+_/.test(path.basename(below)))
    return `Its folders are named REPEATS_CLASS: --train_data_dir ${quotedWord(folder)} in place of --image_dir.`;
  return `The pictures lie a folder below: --image_dir ${quotedWord(below)}`;
}

function isFile(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Of a folder that cannot be read, none. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The folder above, spelled from where the user stands. */
function parentOf(folder: string): string {
  const relative = path.relative("", path.dirname(path.resolve(folder)));
  if (path.isAbsolute(folder)) return path.dirname(path.resolve(folder));
  return relative === "" ? "." : relative;
}
