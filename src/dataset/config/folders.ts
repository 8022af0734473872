import { kindOfPath } from "../../files/index.ts";
import type { ConfigTable } from "../../formats/config/index.ts";
import { namedAs } from "../../pictures/index.ts";
import { describeMissing } from "../images/missing-folder.ts";
import { byCodePoint, joinPath } from "../images/paths.ts";
import { entriesIn, isOfSystem } from "../images/picture-files.ts";
import type { DatasetSettings } from "../settings.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { type CheckedConfig, formatPath } from "./check.ts";

/** What the settings of a run mean without a dataset config: sub-folders named REPEATS_CLASS, a folder taken as it is, or one metadata file. @throws FILE_UNREADABLE */
export async function configFromSettings(settings: DatasetSettings, warnings: DatasetWarnings): Promise<CheckedConfig> {
  const { trainDataDir, regDataDir, inJson } = settings;
  if (inJson !== undefined) {
    // differs from sd-scripts: without train_data_dir its own synthesised config does not pass its own check.
    const subset = { ...(trainDataDir !== undefined && { image_dir: trainDataDir }), metadata_file: inJson };
    return { placeOf: formatPath, general: {}, datasets: [{ kind: "fine-tuning", table: {}, subsets: [subset] }] };
  }
  const subsets = [
    ...(await subsetsIn(trainDataDir, false, warnings)),
    ...subsetAsItIs(settings),
    ...(await subsetsIn(regDataDir, true, warnings)),
  ];
  return { placeOf: formatPath, general: {}, datasets: [{ kind: "dreambooth", table: {}, subsets }] };
}

/** The folder of --image_dir, whose name says nothing: repeats come from --dataset_repeats, and the new word is the class. */
function subsetAsItIs({ imageDir, classTokens, tokenString }: DatasetSettings): ConfigTable[] {
  if (imageDir === undefined) return [];
  const word = classTokens ?? tokenString;
  return [{ image_dir: imageDir, ...(word !== undefined && { class_tokens: word }) }];
}

async function subsetsIn(
  parent: string | undefined,
  isReg: boolean,
  warnings: DatasetWarnings,
): Promise<ConfigTable[]> {
  if (parent === undefined) return [];
  if ((await kindOfPath(parent)) !== "folder") {
    warnings.add("folderMissing", await describeMissing(parent));
    return [];
  }
  const subsets: ConfigTable[] = [];
  // differs from sd-scripts: sorted; it takes the order of the file system, which differs between machines.
  for (const name of (await entriesIn(parent)).map((entry) => entry.name).sort(byCodePoint)) {
    const folder = joinPath(parent, name);
    const kind = await kindOfPath(folder);
    if (kind === "folder") subsets.push(...subsetNamed(name, folder, isReg, warnings));
    else if (isOfSystem(name)) continue;
    else if (kind === "nothing") warnings.add("entryUnreachable", await describeMissing(folder));
    else if (namedAs(name) !== "other")
      warnings.add(isReg ? "regularisationBesideFolders" : "picturesBesideFolders", folder);
  }
  if (isReg && subsets.length === 0) warnings.add("regularisationNone", parent);
  return subsets;
}

function subsetNamed(name: string, folder: string, isReg: boolean, warnings: DatasetWarnings): ConfigTable[] {
  const [repeats, ...classTokens] = name.split("_");
  // What Python's int() takes; underscores cannot be left, the name is split at them.
  if (!/^\s*[+-]?\d+\s*$/.test(repeats!)) {
    if (!isOfSystem(name)) warnings.add("folderWithoutRepeats", folder);
    return [];
  }
  if (Number(repeats) < 1) {
    warnings.add("subsetWithoutRepeats", folder);
    return [];
  }
  const num_repeats = BigInt(repeats!.trim());
  return [{ image_dir: folder, num_repeats, is_reg: isReg, class_tokens: classTokens.join("_") }];
}
