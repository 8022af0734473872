import path from "node:path";
import { kindOfPath } from "../../files/index.ts";
import type { ConfigTable } from "../../formats/config/index.ts";
import type { DatasetSettings } from "../settings.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { type CheckedConfig, checkConfig } from "./check.ts";
import { readConfigDocument } from "./document.ts";
import { configFromSettings } from "./folders.ts";

/** The dataset config of a run: the file of --dataset_config, or what the other settings mean without one.
 *  @throws DATASET_CONFIG */
export async function readDatasetConfig(settings: DatasetSettings, warnings: DatasetWarnings): Promise<CheckedConfig> {
  const { datasetConfig, trainDataDir, imageDir, regDataDir, inJson, maskedLoss } = settings;
  if (datasetConfig === undefined) return configFromSettings(settings, warnings);
  const ignored = Object.entries({
    train_data_dir: trainDataDir,
    image_dir: imageDir,
    reg_data_dir: regDataDir,
    in_json: inJson,
  });
  const given = ignored.filter(([, value]) => value !== undefined).map(([name]) => `--${name}`);
  if (given.length > 0) warnings.add("settingsIgnored", ...given);
  return withFoundPaths(checkConfig(await readConfigDocument(datasetConfig), maskedLoss ?? false), datasetConfig);
}

const pathKeys = ["image_dir", "metadata_file", "conditioning_data_dir"];

/** Relative paths of a config begin where the user stands.
 *  differs from sd-scripts: where nothing is there, they begin at the config's own folder, so that a config can be kept and moved with its pictures. */
async function withFoundPaths(config: CheckedConfig, file: string): Promise<CheckedConfig> {
  const datasets = config.datasets.map(async (dataset) => ({
    ...dataset,
    subsets: await Promise.all(dataset.subsets.map((subset) => subsetWithFoundPaths(subset, path.dirname(file)))),
  }));
  return { ...config, datasets: await Promise.all(datasets) };
}

async function subsetWithFoundPaths(subset: ConfigTable, folder: string): Promise<ConfigTable> {
  const found: Record<string, string> = {};
  for (const key of pathKeys) {
    const given = Object.hasOwn(subset, key) ? subset[key] : undefined;
    if (typeof given !== "string" || path.isAbsolute(given) || (await kindOfPath(given)) !== "nothing") continue;
    const beside = path.join(folder, given);
    if ((await kindOfPath(beside)) !== "nothing") found[key] = beside;
  }
  return { ...subset, ...found };
}
