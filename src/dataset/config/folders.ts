import { kindOfPath } from "../../files/index.ts";
import { byCodePoint, joinPath } from "../images/paths.ts";
import { entriesIn } from "../images/picture-files.ts";
import type { DatasetSettings } from "../settings.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { type CheckedConfig, formatPath } from "./check.ts";
import type { ConfigTable } from "./document.ts";

/** What the settings of a run mean without a dataset config: sub-folders named REPEATS_CLASS, or one metadata file. @throws FILE_UNREADABLE */
export async function configFromSettings(settings: DatasetSettings, warnings: DatasetWarnings): Promise<CheckedConfig> {
  const { trainDataDir, regDataDir, inJson } = settings;
  if (inJson !== undefined) {
    // differs from sd-scripts: without train_data_dir its own synthesised config does not pass its own check.
    const subset = { ...(trainDataDir !== undefined && { image_dir: trainDataDir }), metadata_file: inJson };
    return { placeOf: formatPath, general: {}, datasets: [{ kind: "fine-tuning", table: {}, subsets: [subset] }] };
  }
  const subsets = [
    ...(await subsetsIn(trainDataDir, false, warnings)),
    ...(await subsetsIn(regDataDir, true, warnings)),
  ];
  return { placeOf: formatPath, general: {}, datasets: [{ kind: "dreambooth", table: {}, subsets }] };
}

async function subsetsIn(
  parent: string | undefined,
  isReg: boolean,
  warnings: DatasetWarnings,
): Promise<ConfigTable[]> {
  if (parent === undefined) return [];
  if ((await kindOfPath(parent)) !== "folder") {
    warnings.add("folderMissing", parent);
    return [];
  }
  const subsets: ConfigTable[] = [];
  // differs from sd-scripts: sorted; it takes the order of the file system, which differs between machines.
  for (const name of (await entriesIn(parent)).map((entry) => entry.name).sort(byCodePoint)) {
    const folder = joinPath(parent, name);
    if ((await kindOfPath(folder)) !== "folder") continue;
    const [repeats, ...classTokens] = name.split("_");
    // What Python's int() takes; underscores cannot be left, the name is split at them.
    if (!/^\s*[+-]?\d+\s*$/.test(repeats!)) warnings.add("folderWithoutRepeats", folder);
    else if (Number(repeats) >= 1)
      subsets.push({
        image_dir: folder,
        num_repeats: BigInt(repeats!.trim()),
        is_reg: isReg,
        class_tokens: classTokens.join("_"),
      });
  }
  return subsets;
}
