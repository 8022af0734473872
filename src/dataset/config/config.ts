import type { DatasetSettings } from "../settings.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { type CheckedConfig, checkConfig } from "./check.ts";
import { readConfigDocument } from "./document.ts";
import { configFromSettings } from "./folders.ts";

/** The dataset config of a run: the file of --dataset_config, or what the other settings mean without one.
 *  @throws DATASET_CONFIG */
export async function readDatasetConfig(settings: DatasetSettings, warnings: DatasetWarnings): Promise<CheckedConfig> {
  const { datasetConfig, trainDataDir, regDataDir, inJson, maskedLoss } = settings;
  if (datasetConfig === undefined) return configFromSettings(settings, warnings);
  const ignored = Object.entries({ train_data_dir: trainDataDir, reg_data_dir: regDataDir, in_json: inJson });
  const given = ignored.filter(([, value]) => value !== undefined).map(([name]) => `--${name}`);
  if (given.length > 0) warnings.add("settingsIgnored", ...given);
  return checkConfig(await readConfigDocument(datasetConfig), maskedLoss ?? false);
}
