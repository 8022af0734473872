import path from "node:path";
import { namedAs } from "../../pictures/index.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { entriesIn, type PictureFolder } from "./picture-files.ts";

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
