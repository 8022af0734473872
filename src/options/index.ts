/** Settings: one table of flags, and all that comes from it.
 *
 *  train:     argv -> parseTrainArguments -> (readSettingsFile -> parseTrainArguments again, on top of the file) -> checkTrainSettings.
 *             `readTrainRequest` goes this way from one end to the other, `--help` and `--output_config` included.
 *  generate:  argv -> parseGenerateArguments -> checkGenerateSettings.
 *
 *  A program's settings by camelCase name: readTrainRecord; parseGenerateRecord -> checkGenerateSettings.
 *
 *  A flag is added, or said to act, in its table under train/ or generate/ and nowhere else: types, parser, help and docs/options.md follow.
 */

export { type CommandName, commandNames, programNames, resolveCommand } from "./commands.ts";
export { defaultText, placeholderOf, supportText } from "./describe.ts";
export { settingsWithEffect } from "./effects.ts";
export { readSettingsFile, writeSettingsFile } from "./file/disk.ts";
export { parseSettingsFile, type SettingsFile, settingsToml } from "./file/toml.ts";
export { formatGenerateArguments, formatTrainArguments } from "./format.ts";
export { checkGenerateSettings, type GenerateSettings } from "./generate/check.ts";
export type { GenerateInput } from "./generate/input.ts";
export { type GivenGenerateSettings, generateGroups, generateTable } from "./generate/table.ts";
export { helpText } from "./help.ts";
export type { Effect, Option, OptionGroup, OptionTable, Range, Size, StepCount } from "./option.ts";
export { parseGenerateArguments, parseGenerateRecord, parseTrainArguments } from "./parse.ts";
export type { Checked, Parsed, SettingsWarning } from "./parsed.ts";
export { camelCase, settingName } from "./settings.ts";
export { resolveStepCount } from "./steps.ts";
export { coverageOf } from "./support.ts";
export { checkTrainSettings, type TrainSettings } from "./train/check.ts";
export { withoutSecrets } from "./train/exposure.ts";
export type { TrainInput } from "./train/input.ts";
export { loggedSettings } from "./train/logged.ts";
export { readTrainRecord, readTrainRequest, type TrainRequest } from "./train/request.ts";
export { fileOnlyOptions, type GivenTrainSettings, trainGroups, trainTable } from "./train/table.ts";
