import { checkTrackerConfig, readSettingsFile, writeSettingsFile } from "../file/disk.ts";
import { parseTrainArguments, parseTrainRecord } from "../parse.ts";
import type { Checked, Parsed, SettingsWarning } from "../parsed.ts";
import { checkTrainSettings, type TrainSettings, type TrainSettingsUse } from "./check.ts";
import type { TrainInput } from "./input.ts";
import type { GivenTrainSettings } from "./table.ts";

/** What a `train` command line asks for. */
export type TrainRequest =
  | { readonly kind: "help" }
  /** `--output_config` has written this file; nothing else is to be done. */
  | { readonly kind: "settingsWritten"; readonly file: string; readonly warnings: readonly SettingsWarning[] }
  | ({ readonly kind: "train" } & Checked<TrainSettings>);

/** Reads a `train` command line to the end: the command line, its settings file, the command line again on top of that, the checks.
 *  @throws USAGE, OPTION_UNSUPPORTED, SETTINGS_MISSING, SETTINGS_CONFLICT; SETTINGS_FILE_INVALID and what reading and writing files throws */
export async function readTrainRequest(
  argv: readonly string[],
  use: TrainSettingsUse = "train",
): Promise<TrainRequest> {
  const alone = parseTrainArguments(argv);
  const { configFile, outputConfig } = alone.settings;
  if (alone.isHelpAsked) return { kind: "help" };
  if (configFile === undefined) return { kind: "train", ...(await checked(alone, use)) };
  if (outputConfig) {
    const file = await writeSettingsFile(configFile, alone.settings);
    return { kind: "settingsWritten", file, warnings: [...alone.warnings, ...secretsIn(file, alone.settings)] };
  }
  const together = parseTrainArguments(argv, await readSettingsFile(configFile));
  return { kind: "train", ...(await checked(together, use)) };
}

/** Training settings from those a program gives by camelCase name: its settings file, the defaults, the checks, as for a command line.
 *  @throws what readTrainRequest throws */
export async function readTrainRecord(
  record: TrainInput,
  use: TrainSettingsUse = "train",
): Promise<Checked<TrainSettings>> {
  const file = record.configFile === undefined ? undefined : await readSettingsFile(record.configFile);
  return checked(parseTrainRecord(record, file), use);
}

async function checked(parsed: Parsed<GivenTrainSettings>, use: TrainSettingsUse): Promise<Checked<TrainSettings>> {
  const complete = checkTrainSettings(parsed, use);
  const { logTrackerConfig } = complete.settings;
  if (logTrackerConfig !== undefined) await checkTrackerConfig(logTrackerConfig);
  return complete;
}

function secretsIn(file: string, { huggingfaceToken }: Pick<TrainSettings, "huggingfaceToken">): SettingsWarning[] {
  if (!huggingfaceToken) return [];
  return [{ option: "huggingface_token", message: `${file} holds your access token for the hub: do not pass it on.` }];
}
