/** Settings: one table of flags, and everything that comes from it.
 *
 *  train:     argv -> readTrainRequest; settings from code -> readTrainRecord. Both parse, read a settings file, and check.
 *  generate:  argv -> parseGenerateArguments -> checkGenerateSettings; settings from code -> parseGenerateRecord -> checkGenerateSettings.
 *
 *  A run takes the checked settings, with their warnings. A flag is added or implemented in its table under train/ or generate/ and nowhere
 *  else: types, parser, help and docs/options.md follow. `npm run docs` then writes input.ts, the documented types for code.
 */

export type { Checked, SettingsWarning } from "./checked.ts";
export { readSettingsFile } from "./file/disk.ts";
export { completeSettingsToml, flagsOfTable, flagsToml, parseSettingsFile, parseToml } from "./file/toml.ts";
export { checkGenerateSettings, type GenerateSettings } from "./generate/check.ts";
export type { GenerateInput } from "./generate/input.ts";
export { parseGenerateArguments, parseGenerateRecord } from "./generate/request.ts";
export { generateGroups, generateTable } from "./generate/table.ts";
export { defaultText, helpText, placeholderOf, supportText, wrap } from "./help.ts";
export type { Option, OptionGroup, OptionTable, OptionValue, Range, StepCount } from "./option.ts";
export { readDuration, readNormTarget, readWord, resolveStepCount } from "./option-values.ts";
export { parsePythonArguments } from "./python-literal.ts";
export { type CamelCase, camelCase, defaultOf, settingName } from "./settings.ts";
export { coverageOf } from "./support.ts";
export { type FileValues, type FlagValues, type TrainSettings, withDefaults } from "./train/check.ts";
export type { TrainInput } from "./train/input.ts";
export { evaluationsToStop } from "./train/learning-rules.ts";
export {
  flagValues,
  flagWords,
  parseTrainArguments,
  readTrainFlags,
  readTrainRecord,
  readTrainRequest,
  type TrainRequest,
} from "./train/request.ts";
export { loggedSettings, withoutSecrets } from "./train/secrets.ts";
export {
  fileOnlyOptions,
  type GivenTrainSettings,
  inputPaths,
  outputPaths,
  settingsWithEffect,
  trainFileTable,
  trainGroups,
  trainTable,
} from "./train/table.ts";
