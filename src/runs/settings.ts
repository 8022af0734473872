import path from "node:path";
import { copyOfDatasetConfig } from "../dataset/index.ts";
import { isDescriptorPath, kindOfPath, writeFileAtomically } from "../files/index.ts";
import {
  type CamelCase,
  camelCase,
  completeSettingsToml,
  inputPaths,
  outputPaths,
  type TrainSettings,
} from "../options/index.ts";
import type { RunPlaces } from "./folder.ts";

/** Without the dataset config: it is copied. */
const inputs = inputPaths.filter((flag) => flag !== "dataset_config").map(keyOf);
const outputs = outputPaths.filter((flag) => flag !== "output_dir").map(keyOf);

function keyOf<Flag extends string>(flag: Flag): CamelCase<Flag> {
  return camelCase(flag) as CamelCase<Flag>;
}

/** The settings of a run in its folder: outputs go into the folder, paths are absolute, and the dataset config is a copy. A state is
 *  saved at the end, so that the run can be made longer. @throws DATASET_CONFIG, OUTPUT_UNWRITABLE */
export async function settingsInFolder(settings: TrainSettings, places: RunPlaces): Promise<TrainSettings> {
  const { datasetConfig } = settings;
  if (datasetConfig !== undefined && path.resolve(datasetConfig) !== path.resolve(places.dataset))
    await writeFileAtomically(places.dataset, await copyOfDatasetConfig(datasetConfig));
  return {
    ...(await withWholePaths(settings)),
    datasetConfig: datasetConfig === undefined ? undefined : places.dataset,
    saveStateOnTrainEnd: true,
    outputDir: places.checkpoints,
    sampleDir: places.samples,
    stateDir: places.state,
  };
}

/** Writes the settings as a file that repeats the run, in a new folder of the same name. given: the settings before settingsInFolder.
 *  seed: the one that was drawn. @throws OUTPUT_UNWRITABLE */
export async function writeConfig(
  places: RunPlaces,
  name: string,
  given: TrainSettings,
  seed = given.seed,
): Promise<void> {
  const whole = await withWholePaths(given);
  const datasetConfig = given.datasetConfig === undefined ? undefined : path.resolve(places.dataset);
  const repeated = { ...whole, datasetConfig, seed, run: name, runsDir: undefined, resume: undefined };
  const text = completeSettingsToml({ ...repeated, outputDir: undefined });
  await writeFileAtomically(
    places.config,
    `# coinage train --config_file config.toml repeats this run in a new folder.\n${text}`,
  );
}

async function withWholePaths(settings: TrainSettings): Promise<TrainSettings> {
  const whole: Record<string, string> = {};
  for (const key of inputs) {
    const given = settings[key];
    if (!given || isDescriptorPath(given)) continue;
    if ((await kindOfPath(given)) !== "nothing") whole[key] = path.resolve(given);
  }
  for (const key of outputs) if (settings[key]) whole[key] = path.resolve(settings[key]);
  return { ...settings, ...whole };
}
