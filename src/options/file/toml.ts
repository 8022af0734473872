import { stringify } from "smol-toml";
import { type Refusal, requireShallow } from "../../budget/index.ts";
import { beginningOf, CoinageError, nearestName } from "../../errors/index.ts";
import {
  type ConfigDocument,
  type ConfigPath,
  ConfigSyntaxError,
  type ConfigTable,
  type ConfigValue,
  isTable,
  parseConfigToml,
  plainValue,
} from "../../formats/config/index.ts";
import type { SettingsWarning } from "../checked.ts";
import type { Option, OptionValue } from "../option.ts";
import { wantedBy } from "../option-values.ts";
import { changedSettings } from "../settings.ts";
import { actsOn } from "../support.ts";
import type { FileValues } from "../train/check.ts";
import { type GivenTrainSettings, trainFileTable, trainTable } from "../train/table.ts";
import { readTomlValue, tomlValue } from "./values.ts";

/** A parsed settings file. */
export interface SettingsFile {
  /** Values of its settings, by flag name. */
  readonly values: ReadonlyMap<string, OptionValue>;
  /** Values of `metadata_xyz` keys that are not flags, by xyz. */
  readonly extraMetadata: Readonly<Record<string, string>>;
  /** Values of unknown keys. sd-scripts also keeps them silently. */
  readonly otherSettings: Readonly<Record<string, unknown>>;
  /** Where a key is, for messages: "train.toml, line 3". */
  readonly placeOf: (name: string) => string;
  /** Warnings about unknown keys. */
  readonly warnings: readonly SettingsWarning[];
}

/** Settings from the text of sd-scripts' settings file: section names are ignored, the later of two equal names wins, an empty text means not given.
 *  file: its name, for messages. @throws SETTINGS_FILE_INVALID */
export function parseSettingsFile(text: string, file: string): SettingsFile {
  const { value: document, lineOf } = parseToml(text, file);
  const entries = flatten(document);
  const placeOf = (name: string): string => {
    const line = entries.has(name) ? lineOf(entries.get(name)!.path) : undefined;
    return line === undefined ? file : `${file}, line ${line}`;
  };
  const values = new Map<string, OptionValue>();
  const extraMetadata: [string, string][] = [];
  const otherSettings: [string, unknown][] = [];
  for (const [name, { value }] of entries) {
    // differs from sd-scripts: an empty text in a settings file is passed on, and fails where it is not a name, path or choice.
    // coinage: an empty text means that the setting is not given.
    // because: the GUI writes empty texts for fields that were left empty.
    if (value === "") continue;
    if (Object.hasOwn(trainFileTable, name)) {
      values.set(name, settingOf(name, trainFileTable[name as keyof typeof trainFileTable], value, placeOf(name)));
    } else if (name.startsWith("metadata_") && !isTable(value)) {
      extraMetadata.push([name.slice("metadata_".length), String(value)]);
    } else {
      otherSettings.push([name, plainValue(value)]);
    }
  }
  return {
    values,
    // fromEntries: assigning to a key "__proto__" would change the prototype
    extraMetadata: Object.fromEntries(extraMetadata),
    otherSettings: Object.fromEntries(otherSettings),
    placeOf,
    warnings: unknownKeys(
      otherSettings.map(([name]) => name),
      placeOf,
      file,
    ),
  };
}

/** The settings that differ from their defaults, as a flat TOML document for `--config_file`.
 *  Without the settings file's own name and the Weights & Biases key. */
export function settingsToml(settings: GivenTrainSettings): string {
  const left = ["config_file", "output_config", "wandb_api_key"];
  const entries = changedSettings(trainTable, settings).filter(([name]) => !left.includes(name));
  const document = Object.fromEntries(entries.map(([name, option, value]) => [name, tomlValue(option, value)]));
  // whole numbers are bigints here, so that 1.0 stays a share of all steps and 1 a step
  return stringify(document, { numbersAsFloat: true });
}

/** All settings that differ from their defaults, including those for files only, so that `--config_file` repeats the run. Without secrets:
 *  they have no effect. */
export function completeSettingsToml(settings: GivenTrainSettings): string {
  const left = ["config_file", "output_config", "wandb_api_key", "huggingface_token"];
  const entries = changedSettings(trainFileTable, settings).filter(([name]) => !left.includes(name));
  const document = Object.fromEntries([
    ...entries.map(([name, option, value]) => [name, tomlValue(option, value)]),
    ...Object.entries(settings.extraMetadata).map(([name, text]) => [`metadata_${name}`, text]),
  ]);
  return stringify(document, { numbersAsFloat: true });
}

/** Flags from a table. placeOf: where a key is, for messages. @throws SETTINGS_FILE_INVALID, also for unknown keys */
export function flagsOfTable(table: ConfigTable, placeOf: (name: string) => string): FileValues {
  return new Map(
    Object.entries(table).map(([name, value]) => {
      const flag = Object.keys(trainFileTable).find((known): known is keyof typeof trainFileTable => known === name);
      if (flag) return [flag, settingOf(name, trainFileTable[flag], value, placeOf(name))];
      const near = nearestName(name, Object.keys(trainFileTable));
      throw new CoinageError("SETTINGS_FILE_INVALID", `coinage train has no flag ${beginningOf(name, longestShown)}.`, {
        where: placeOf(name),
        ...(near !== undefined && { hint: `Did you mean ${near}?` }),
      });
    }),
  );
}

/** Values of flags as a TOML document for `--config_file`, including defaults. */
export function flagsToml(values: FileValues): string {
  const entries = [...values].map(([flag, value]) => [flag, tomlValue(trainFileTable[flag], value)]);
  return stringify(Object.fromEntries(entries), { numbersAsFloat: true });
}

/** @throws SETTINGS_FILE_INVALID with the line */
export function parseToml(text: string, file: string): ConfigDocument<ConfigTable> {
  try {
    const document = parseConfigToml(text);
    requireShallow(document.value, tooDeep(file));
    return document;
  } catch (cause) {
    if (!(cause instanceof ConfigSyntaxError)) throw cause;
    throw new CoinageError("SETTINGS_FILE_INVALID", `${file} is not valid TOML: ${cause.message}.`, {
      where: `${file}, line ${cause.line}, column ${cause.column}`,
      hint: 'Text needs quotes (name = "value"), a Windows path single quotes.',
      cause,
    });
  }
}

interface Entry {
  readonly value: ConfigValue;
  readonly path: ConfigPath;
}

function flatten(document: ConfigTable): Map<string, Entry> {
  const flat = new Map<string, Entry>();
  for (const [name, value] of Object.entries(document))
    if (isTable(value))
      for (const [key, inner] of Object.entries(value)) flat.set(key, { value: inner, path: [name, key] });
    else flat.set(name, { value, path: [name] });
  return flat;
}

function tooDeep(file: string): Refusal {
  return { code: "SETTINGS_FILE_INVALID", subject: `The settings file ${file}`, where: file };
}

/** A setting from a file. argparse checks neither type nor choices of file values: sd-scripts fails on them later. Values without effect need no check. */
function settingOf(name: string, option: Option, value: ConfigValue, place: string): OptionValue {
  const setting = readTomlValue(option, value);
  if (setting !== undefined) return setting;
  if (!actsOn(option)) return typeof value === "string" ? value : shown(value);
  const wanted = option.type === "switch" ? "true or false" : wantedBy(option);
  const isUnquoted = option.type === "string" && typeof value !== "string";
  throw new CoinageError("SETTINGS_FILE_INVALID", `${name} expects ${wanted}, not ${shown(value)}.`, {
    where: place,
    ...(isUnquoted && { hint: `Text needs quotes${"count" in option ? ", lists need brackets" : ""}.` }),
  });
}

/** Most characters of a file's value shown in a message. */
const longestShown = 80;

const singlyNamed = 10;

/** A warning for each of the first unknown keys, and one for all others. */
function unknownKeys(names: readonly string[], placeOf: (name: string) => string, file: string): SettingsWarning[] {
  const named = names.slice(0, singlyNamed).map((name) => ({ option: name, message: unknownKey(name, placeOf(name)) }));
  const [next, ...others] = names.slice(singlyNamed);
  if (next === undefined) return named;
  const more = others.length === 0 ? "One more key" : `${others.length + 1} more keys`;
  return [
    ...named,
    {
      option: next,
      message: `${more} of ${file} ${others.length === 0 ? "is" : "are"} unknown and ignored too: ${beginningOf(next, longestShown)}${others.length === 0 ? "" : ", ..."}.`,
    },
  ];
}

function unknownKey(name: string, place: string): string {
  const near = nearestName(name, Object.keys(trainFileTable));
  const hint = near ? ` Did you mean ${near}?` : "";
  return `Unknown setting ${beginningOf(name, longestShown)} (${place}): ignored.${hint}`;
}

function shown(value: ConfigValue): string {
  return beginningOf(JSON.stringify(plainValue(value)), longestShown);
}
