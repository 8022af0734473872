import { parseArguments, repeatedWarnings } from "../arguments.ts";
import type { Checked, Parsed, SettingsWarning } from "../checked.ts";
import { checkTrackerConfig, readSettingsFile, writeSettingsFile } from "../file/disk.ts";
import type { SettingsFile } from "../file/toml.ts";
import type { OptionValue } from "../option.ts";
import { wordsOf } from "../option-values.ts";
import { valuesOfRecord } from "../record.ts";
import { settingsFrom } from "../settings.ts";
import { supportWarnings } from "../support.ts";
import {
  checkTrainSettings,
  type FileValues,
  type FlagValues,
  type TrainSettings,
  type TrainSettingsUse,
} from "./check.ts";
import type { TrainInput } from "./input.ts";
import { type GivenTrainSettings, trainFileTable, trainTable } from "./table.ts";

/** The request of a `train` command line. */
export type TrainRequest =
  | { readonly kind: "help" }
  /** `--output_config` has written this file; there is nothing else to do. */
  | { readonly kind: "settingsWritten"; readonly file: string; readonly warnings: readonly SettingsWarning[] }
  | ({ readonly kind: "train" } & Checked<TrainSettings>);

/** Reads a `train` command line completely: flags over the settings file, then the checks. ignoredInFile: flags ignored in the file.
 *  @throws USAGE, OPTION_UNSUPPORTED, SETTINGS_MISSING, SETTINGS_CONFLICT, SETTINGS_FILE_INVALID, and as readSettingsFile and writeSettingsFile */
export async function readTrainRequest(
  argv: readonly string[],
  use: TrainSettingsUse = "train",
  ignoredInFile: readonly string[] = [],
): Promise<TrainRequest> {
  const alone = parseTrainArguments(argv);
  const { configFile, outputConfig } = alone.settings;
  if (alone.isHelpAsked) return { kind: "help" };
  if (configFile === undefined) return { kind: "train", ...(await checked(alone, use)) };
  if (outputConfig) {
    const file = await writeSettingsFile(configFile, alone.settings);
    return { kind: "settingsWritten", file, warnings: [...alone.warnings, ...secretsIn(file, alone.settings)] };
  }
  const file = await readSettingsFile(configFile);
  const values = new Map([...file.values].filter(([flag]) => !ignoredInFile.includes(flag)));
  const together = parseTrainArguments(argv, { ...file, values });
  return { kind: "train", ...(await checked(together, use)) };
}

/** Training settings from code, with settings file, defaults and checks as for a command line.
 *  @throws as readTrainRequest */
export async function readTrainRecord(
  record: TrainInput,
  use: TrainSettingsUse = "train",
): Promise<Checked<TrainSettings>> {
  const file = record.configFile === undefined ? undefined : await readSettingsFile(record.configFile);
  return checked(withoutRunFolder(parseTrainRecord(record, file)), use);
}

/** Training settings from the values of flags. @throws as readTrainRequest */
export function readTrainFlags(values: FileValues): Promise<Checked<TrainSettings>> {
  return checked(trainSettings(values, false, undefined), "train");
}

/** Ignores --run with a warning: only the command line makes folders of runs. */
function withoutRunFolder(parsed: Parsed<GivenTrainSettings>): Parsed<GivenTrainSettings> {
  const { settings, warnings } = parsed;
  if (settings.run === undefined) return parsed;
  const message = "run is ignored: only coinage train makes folders of runs. Give outputDir.";
  return { ...parsed, settings: { ...settings, run: undefined }, warnings: [...warnings, { option: "run", message }] };
}

async function checked(parsed: Parsed<GivenTrainSettings>, use: TrainSettingsUse): Promise<Checked<TrainSettings>> {
  const complete = checkTrainSettings(parsed, use);
  const { logTrackerConfig } = complete.settings;
  if (logTrackerConfig !== undefined) await checkTrackerConfig(logTrackerConfig);
  return complete;
}

function secretsIn(file: string, { huggingfaceToken }: Pick<TrainSettings, "huggingfaceToken">): SettingsWarning[] {
  if (!huggingfaceToken) return [];
  return [{ option: "huggingface_token", message: `${file} contains your access token for the hub: do not share it.` }];
}

/** The settings of a `train` command line. The command line takes precedence over a settings file, and that over the defaults.
 *  @throws USAGE, OPTION_UNSUPPORTED */
export function parseTrainArguments(argv: readonly string[], file?: SettingsFile): Parsed<GivenTrainSettings> {
  const read = parseArguments(trainTable, argv, trainFileTable);
  const parsed = trainSettings(read.given, read.isHelpAsked, file);
  return { ...parsed, warnings: [...repeatedWarnings(trainTable, read), ...parsed.warnings] };
}

/** A flag with its value as words of a command line; none for a switch that is off. */
export function flagWords(name: keyof typeof trainTable, value: OptionValue): string[] {
  return value === false ? [] : [`--${name}`, ...wordsOf(trainTable[name], value)];
}

/** The values on a command line, by flag name. @throws USAGE */
export function flagValues(words: readonly string[]): FlagValues {
  return parseArguments(trainTable, words).given as FlagValues;
}

/** The settings of a training run from code. @throws USAGE, OPTION_UNSUPPORTED */
export function parseTrainRecord(
  { extraMetadata, otherSettings, ...record }: TrainInput,
  file?: SettingsFile,
): Parsed<GivenTrainSettings> {
  const parsed = trainSettings(valuesOfRecord(trainFileTable, record), false, file);
  const { settings } = parsed;
  return {
    ...parsed,
    settings: {
      ...settings,
      extraMetadata: { ...settings.extraMetadata, ...extraMetadata },
      otherSettings: { ...settings.otherSettings, ...otherSettings },
    },
  };
}

function trainSettings(
  given: ReadonlyMap<string, OptionValue>,
  isHelpAsked: boolean,
  file: SettingsFile | undefined,
): Parsed<GivenTrainSettings> {
  const explicit = new Set(given.keys());
  const places = placesOf(explicit, file);
  const settings = {
    ...settingsFrom(trainFileTable, file?.values ?? new Map(), given),
    extraMetadata: file?.extraMetadata ?? {},
    otherSettings: file?.otherSettings ?? {},
  };
  const support = isHelpAsked ? [] : supportWarnings(trainFileTable, settings, places);
  return { settings, explicit, places, isHelpAsked, warnings: [...(file?.warnings ?? []), ...support] };
}

/** Where settings were given: the command line takes precedence over the file. */
function placesOf(explicit: Iterable<string>, file: SettingsFile | undefined): Map<string, string> {
  const places = new Map<string, string>();
  if (file) for (const name of file.values.keys()) places.set(name, `${name} (${file.placeOf(name)})`);
  for (const name of explicit) places.set(name, `--${name}`);
  return places;
}
