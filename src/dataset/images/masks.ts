import path from "node:path";
import { CoinageError, firstFew } from "../../errors/index.ts";
import { didYouMean, kindOfPath } from "../../files/index.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";
import type { LoadContext } from "./context.ts";
import { loadDreamBooth } from "./dreambooth.ts";
import type { ImageEntry, LoadedSubsets } from "./entry.ts";
import { stemOf } from "./paths.ts";
import { readPictureFolder } from "./picture-files.ts";

/** Reads a mask-image dataset: as DreamBooth, with the mask of the same name for every picture.
 *  @throws MASK_MISSING for pictures without mask and masks without picture, DATASET_CONFIG with random_crop */
export async function loadWithMasks(plan: DatasetPlan, context: LoadContext): Promise<LoadedSubsets> {
  const cropped = plan.subsets.find(({ randomCrop }) => randomCrop);
  if (cropped) throw new CoinageError("DATASET_CONFIG", `random_crop cannot be used with masks (${cropped.imageDir}).`);
  const loaded = await loadDreamBooth(plan, context);
  const entries: ImageEntry[] = [];
  const missing: string[] = [];
  const unused = new Set<string>();
  for (const { plan: subset } of loaded.subsets) {
    const masks = await masksIn(subset.conditioningDataDir!, context.warnings);
    const stems = new Set<string>();
    for (const entry of loaded.entries.filter((candidate) => candidate.subset === subset)) {
      const stem = stemOf(entry.path);
      const maskPath = masks.get(stem)?.[0];
      if (maskPath === undefined) missing.push(entry.path);
      else entries.push({ ...entry, maskPath });
      stems.add(stem);
    }
    for (const [stem, files] of masks) if (!stems.has(stem)) for (const file of files) unused.add(path.resolve(file));
  }
  if (missing.length > 0) throw unpaired("pictures have no mask", missing);
  const used = new Set(entries.map(({ maskPath }) => path.resolve(maskPath!)));
  const orphans = [...unused].filter((file) => !used.has(file));
  if (orphans.length > 0) throw unpaired("masks have no picture", orphans);
  return { ...loaded, entries };
}

/** The pictures of a folder by stem, sorted. */
async function masksIn(folder: string, warnings: DatasetWarnings): Promise<Map<string, string[]>> {
  if ((await kindOfPath(folder)) !== "folder") {
    const hint = didYouMean(folder);
    throw new CoinageError("MASK_MISSING", `The folder of masks ${folder} does not exist.`, {
      where: "conditioning_data_dir",
      ...(hint !== undefined && { hint }),
    });
  }
  const masks = new Map<string, string[]>();
  const { pictures, undecodable } = await readPictureFolder(folder);
  warnings.addAll("pictureUndecodable", undecodable);
  for (const file of pictures) masks.set(stemOf(file), [...(masks.get(stemOf(file)) ?? []), file]);
  return masks;
}

function unpaired(what: string, files: readonly string[]): CoinageError {
  return new CoinageError("MASK_MISSING", `${files.length} ${what}: ${firstFew(files)}.`, {
    hint: "A mask is named like its picture (any image ending) and lies in conditioning_data_dir.",
  });
}
