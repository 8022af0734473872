import { type Checked, chosenSeed, missingSettings, type Parsed, refuse, warnOf } from "../checked.ts";
import type { OptionValue } from "../option.ts";
import { settingName } from "../settings.ts";
import { trainConflicts, trainWarnings } from "./rules.ts";
import { secretExposure } from "./secrets.ts";
import { type GivenTrainSettings, type trainFileTable, trainTable } from "./table.ts";

/** Settings of a training run: complete, consistent, and with derived settings filled in. */
export type TrainSettings = GivenTrainSettings & {
  readonly pretrainedModelNameOrPath: string;
  readonly tokenString: string;
  readonly outputDir: string;
  readonly outputName: string;
  /** Where the user wrote a setting, by flag name: "--seed", or "seed (train.toml, line 3)". Defaults have no entry. */
  readonly places: ReadonlyMap<string, string>;
  /** Folder of sample images, if not `sample` in the output folder. */
  readonly sampleDir?: string;
  /** Folder of training states, if not the output folder. */
  readonly stateDir?: string;
};

/** Values by flag name. */
export type FlagValues = ReadonlyMap<keyof typeof trainTable, OptionValue>;

/** Values by flag name, including those for settings files only. */
export type FileValues = ReadonlyMap<keyof typeof trainFileTable, OptionValue>;

/** What the settings of a training run are for: a plan writes nothing. */
export type TrainSettingsUse = "train" | "plan";

/** Checks the settings and derives those that follow from others, before anything is loaded.
 *  Whether every dataset has a resolution is checked with the dataset config.
 *  @throws SETTINGS_MISSING naming everything that is missing, SETTINGS_CONFLICT */
export function checkTrainSettings(
  parsed: Parsed<GivenTrainSettings>,
  use: TrainSettingsUse = "train",
): Checked<TrainSettings> {
  const given = parsed.settings;
  const { pretrainedModelNameOrPath, tokenString } = given;
  // the folder of a run (--run) has its own output folder
  const writesNothing = use === "plan" || given.debugDataset || given.run !== undefined;
  const outputName = given.outputName || tokenString;
  const outputDir = given.outputDir || (writesNothing ? "." : defaultFolder(given.recipe && outputName));
  const missing = missingFrom({ ...given, outputDir });
  if (!pretrainedModelNameOrPath || !tokenString || !outputDir || missing.length > 0)
    throw missingSettings(missing, use === "plan" ? "Planning" : "Training");
  refuse(trainConflicts(parsed), parsed);
  const settings: TrainSettings = {
    ...given,
    pretrainedModelNameOrPath,
    tokenString,
    outputDir,
    outputName: outputName ?? tokenString,
    places: parsed.places,
    seed: chosenSeed(given.seed),
    captionExtension: given.captionExtention ?? given.captionExtension,
    // DTI's step is an angle, unlike the default of --learning_rate
    stepAngle: given.stepAngle ?? (given.update === "direction" ? 0.04 : undefined),
    cacheLatents: given.cacheLatents || given.cacheLatentsToDisk,
    sampleEveryNEpochs: positive(given.sampleEveryNEpochs),
    sampleEveryNSteps: positive(given.sampleEveryNSteps),
    ...(given.xti && notWithXti),
  };
  return {
    settings,
    warnings: [...parsed.warnings, ...warnOf([...trainWarnings(parsed), ...secretExposure(parsed)])],
  };
}

/** The settings with these defaults for what the user did not give, checked again. Returns only new warnings.
 *  @throws SETTINGS_CONFLICT */
export function withDefaults(settings: TrainSettings, defaults: FlagValues): Checked<TrainSettings> {
  const { places } = settings;
  const missing = [...defaults].filter(([flag]) => !places.has(flag));
  const values = missing.map(([flag, value]) => [settingName(flag, trainTable[flag]), value]);
  // nothing explicit: warnings about secrets were already given for the command line
  const parsed = { places, explicit: new Set<string>(), isHelpAsked: false, warnings: [] };
  const said = new Set(warnOf(trainWarnings({ settings, places })).map(({ message }) => message));
  const checked = checkTrainSettings({ ...parsed, settings: { ...settings, ...Object.fromEntries(values) } });
  return { ...checked, warnings: checked.warnings.filter(({ message }) => !said.has(message)) };
}

/** Default output folder of a run with a recipe: one per word. */
function defaultFolder(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `coinage-${name.replaceAll(/[/\\]/g, "-")}`;
}

/** Settings that training vectors for each layer (XTI) ignores, as sd-scripts does; `trainWarnings` says so.
 *  differs from sd-scripts: train_textual_inversion_XTI.py treats captions of more than 75 tokens and names latent caches differently from ordinary training.
 *  coinage: with --xti captions may be longer than 75 tokens, and latent caches have their usual names.
 *  because: everything but the vectors for each layer is as in ordinary training. */
const notWithXti = {
  vPredLikeLoss: undefined,
  sampleAtFirst: false,
  sampleEveryNEpochs: undefined,
  sampleEveryNSteps: undefined,
} as const;

function missingFrom(given: GivenTrainSettings): string[] {
  const missing: string[] = [];
  if (!given.pretrainedModelNameOrPath) missing.push("--pretrained_model_name_or_path  the Stable Diffusion model");
  if (!given.tokenString) missing.push("--token_string  the new word, for example mycat");
  if (!given.outputDir) missing.push("--output_dir  the output folder");
  if (!given.datasetConfig) {
    const hasPictures = given.trainDataDir || given.imageDir || given.inJson;
    if (!hasPictures) missing.push("--dataset_config, --train_data_dir or --image_dir  the training images");
    if (!given.resolution && !given.recipe)
      missing.push("--resolution  the size of the training images, for example 512");
  }
  return missing;
}

function positive(interval: number | undefined): number | undefined {
  return interval !== undefined && interval > 0 ? interval : undefined;
}
