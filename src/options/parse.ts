import { parseArguments } from "./arguments.ts";
import type { SettingsFile } from "./file/toml.ts";
import type { GenerateInput } from "./generate/input.ts";
import { type GivenGenerateSettings, generateTable } from "./generate/table.ts";
import type { OptionTable, OptionValue } from "./option.ts";
import { type Parsed, placesOf, type SettingsWarning } from "./parsed.ts";
import { valuesOfRecord } from "./record.ts";
import { settingsFrom } from "./settings.ts";
import { supportWarnings } from "./support.ts";
import type { TrainInput } from "./train/input.ts";
import { type GivenTrainSettings, trainFileTable, trainTable } from "./train/table.ts";

/** The settings of a `train` command line; with a settings file, the command line goes before it and it before the defaults.
 *  @throws USAGE, OPTION_UNSUPPORTED */
export function parseTrainArguments(argv: readonly string[], file?: SettingsFile): Parsed<GivenTrainSettings> {
  const { given, repeated, isHelpAsked } = parseArguments(trainTable, argv, trainFileTable);
  return withWarnings(trainSettings(given, isHelpAsked, file), lostValues(trainTable, repeated));
}

/** The same for settings that a program gives by camelCase name. @throws USAGE, OPTION_UNSUPPORTED */
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
  const standing = isHelpAsked ? [] : supportWarnings(trainFileTable, settings, places);
  return { settings, explicit, places, isHelpAsked, warnings: [...(file?.warnings ?? []), ...standing] };
}

function withWarnings<Settings>(parsed: Parsed<Settings>, warnings: readonly SettingsWarning[]): Parsed<Settings> {
  return { ...parsed, warnings: [...warnings, ...parsed.warnings] };
}

/** About flags that who gives them twice wants both of. Of others the last is meant to count, where a script adds it. */
function lostValues(table: OptionTable, repeated: ReadonlySet<string>): SettingsWarning[] {
  return [...repeated]
    .filter((option) => table[option]?.count === "any" || option === "prompt")
    .map((option) => {
      const instead =
        option === "prompt" ? "Write several prompts into a file for --from_file" : "Write all values behind one";
      return { option, message: `--${option} was given more than once, and only the last counts. ${instead}.` };
    });
}

/** The settings of a `generate` command line.
 *  @throws USAGE, OPTION_UNSUPPORTED */
export function parseGenerateArguments(argv: readonly string[]): Parsed<GivenGenerateSettings> {
  const { given, repeated, isHelpAsked } = parseArguments(generateTable, argv);
  return withWarnings(generateSettings(given, isHelpAsked), lostValues(generateTable, repeated));
}

/** The same for settings that a program gives by camelCase name. @throws USAGE, OPTION_UNSUPPORTED */
export function parseGenerateRecord(record: GenerateInput): Parsed<GivenGenerateSettings> {
  return generateSettings(valuesOfRecord(generateTable, record), false);
}

function generateSettings(
  given: ReadonlyMap<string, OptionValue>,
  isHelpAsked: boolean,
): Parsed<GivenGenerateSettings> {
  const explicit = new Set(given.keys());
  const places = placesOf(explicit, undefined);
  const settings = settingsFrom(generateTable, given);
  const warnings = isHelpAsked ? [] : supportWarnings(generateTable, settings, places);
  return { settings, explicit, places, isHelpAsked, warnings };
}
