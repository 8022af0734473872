import { parseArguments } from "./arguments.ts";
import type { SettingsFile } from "./file/toml.ts";
import { type GivenGenerateSettings, generateTable } from "./generate/table.ts";
import type { OptionValue } from "./option.ts";
import { type Parsed, placesOf } from "./parsed.ts";
import { valuesOfRecord } from "./record.ts";
import { settingsFrom } from "./settings.ts";
import { standingWarnings } from "./standing.ts";
import { type GivenTrainSettings, trainFileTable, trainTable } from "./train/table.ts";

/** The settings of a `train` command line; with a settings file, the command line goes before it and it before the defaults.
 *  @throws USAGE, OPTION_UNSUPPORTED */
export function parseTrainArguments(argv: readonly string[], file?: SettingsFile): Parsed<GivenTrainSettings> {
  const { given, isHelpAsked } = parseArguments(trainTable, argv);
  return trainSettings(given, isHelpAsked, file);
}

/** The same for settings that a program gives by camelCase name. @throws USAGE, OPTION_UNSUPPORTED */
export function parseTrainRecord(
  { extraMetadata, otherSettings, ...record }: Partial<GivenTrainSettings>,
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
  const standing = isHelpAsked ? [] : standingWarnings(trainFileTable, settings, places);
  return { settings, explicit, places, isHelpAsked, warnings: [...(file?.warnings ?? []), ...standing] };
}

/** The settings of a `generate` command line.
 *  @throws USAGE, OPTION_UNSUPPORTED */
export function parseGenerateArguments(argv: readonly string[]): Parsed<GivenGenerateSettings> {
  const { given, isHelpAsked } = parseArguments(generateTable, argv);
  return generateSettings(given, isHelpAsked);
}

/** The same for settings that a program gives by camelCase name. @throws USAGE, OPTION_UNSUPPORTED */
export function parseGenerateRecord(record: Partial<GivenGenerateSettings>): Parsed<GivenGenerateSettings> {
  return generateSettings(valuesOfRecord(generateTable, record), false);
}

function generateSettings(
  given: ReadonlyMap<string, OptionValue>,
  isHelpAsked: boolean,
): Parsed<GivenGenerateSettings> {
  const explicit = new Set(given.keys());
  const places = placesOf(explicit, undefined);
  const settings = settingsFrom(generateTable, given);
  const warnings = isHelpAsked ? [] : standingWarnings(generateTable, settings, places);
  return { settings, explicit, places, isHelpAsked, warnings };
}
