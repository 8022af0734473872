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

export type { Checked, Parsed, SettingsWarning } from "./checked.ts";
export { readSettingsFile, writeSettingsFile } from "./file/disk.ts";
export { parseSettingsFile, type SettingsFile, settingsToml } from "./file/toml.ts";
export { checkGenerateSettings, type GenerateSettings } from "./generate/check.ts";
export type { GenerateInput } from "./generate/input.ts";
export { parseGenerateArguments, parseGenerateRecord } from "./generate/request.ts";
export { type GivenGenerateSettings, generateGroups, generateTable } from "./generate/table.ts";
export { defaultText, helpText, placeholderOf, supportText } from "./help.ts";
export type { Effect, Option, OptionGroup, OptionTable, Range, Size, StepCount } from "./option.ts";
export { resolveStepCount } from "./option-values.ts";
export { camelCase, settingName } from "./settings.ts";
export { coverageOf } from "./support.ts";
export { checkTrainSettings, type TrainSettings } from "./train/check.ts";
export type { TrainInput } from "./train/input.ts";
export { parseTrainArguments, readTrainRecord, readTrainRequest, type TrainRequest } from "./train/request.ts";
export { loggedSettings, withoutSecrets } from "./train/secrets.ts";
export {
  fileOnlyOptions,
  type GivenTrainSettings,
  settingsWithEffect,
  trainGroups,
  trainTable,
} from "./train/table.ts";
