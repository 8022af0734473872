import { parse, stringify, TomlError, type TomlTable, type TomlValue } from "smol-toml";
import { CoinageError, nearestName } from "../../errors/index.ts";
import type { OptionValue } from "../option.ts";
import type { SettingsWarning } from "../parsed.ts";
import { changedSettings } from "../settings.ts";
import { type GivenTrainSettings, trainFileTable, trainTable } from "../train/table.ts";
import { wantedBy } from "../words.ts";
import { isTable, readTomlValue, tomlValue } from "./values.ts";

/** A settings file that has been read. */
export interface SettingsFile {
  /** Values of the settings it gives, by flag name. */
  readonly values: ReadonlyMap<string, OptionValue>;
  /** Values of `metadata_xyz` keys that are no flags, by xyz. */
  readonly extraMetadata: Readonly<Record<string, string>>;
  /** What stands under keys that no setting has. sd-scripts keeps them silently too. */
  readonly otherSettings: Readonly<Record<string, unknown>>;
  /** Where a key stands, for people: "train.toml, line 3". */
  readonly placeOf: (name: string) => string;
  /** One for every key that no setting has. */
  readonly warnings: readonly SettingsWarning[];
}

/** Settings from the text of a settings file of sd-scripts: section names mean nothing, the later of two equal names wins.
 *  file: its name, for messages. @throws SETTINGS_FILE_INVALID */
export function parseSettingsFile(text: string, file: string): SettingsFile {
  const placeOf = (name: string): string => placeInText(text, file, name);
  const values = new Map<string, OptionValue>();
  const extraMetadata: Record<string, string> = {};
  const otherSettings: Record<string, unknown> = {};
  const warnings: SettingsWarning[] = [];
  for (const [name, value] of flatten(parseToml(text, file))) {
    if (Object.hasOwn(trainFileTable, name)) {
      values.set(name, settingOf(name as keyof typeof trainFileTable, value, placeOf(name)));
    } else if (name.startsWith("metadata_") && !isTable(value)) {
      extraMetadata[name.slice("metadata_".length)] = String(value);
    } else {
      otherSettings[name] = plain(value);
      warnings.push({ option: name, message: unknownKey(name, placeOf(name)) });
    }
  }
  return { values, extraMetadata, otherSettings, placeOf, warnings };
}

/** The settings that differ from their defaults as one flat TOML document that `--config_file` reads back.
 *  The names of the settings file itself and the Weights & Biases key are left out. */
export function settingsToml(settings: GivenTrainSettings): string {
  const left = ["config_file", "output_config", "wandb_api_key"];
  const entries = changedSettings(trainTable, settings).filter(([name]) => !left.includes(name));
  const document = Object.fromEntries(entries.map(([name, option, value]) => [name, tomlValue(option, value)]));
  // Whole numbers are bigints in the document: 1.0 stays a share of all steps and 1 a step.
  return stringify(document, { numbersAsFloat: true });
}

/** @throws SETTINGS_FILE_INVALID with the line */
export function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text.replace(/^\uFEFF/, ""), { integersAsBigInt: true });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw new CoinageError("SETTINGS_FILE_INVALID", `${file} is not valid TOML: ${reason}.`, {
      where: `${file}, line ${cause.line}, column ${cause.column}`,
      hint: 'Texts need quotes (name = "value"); a Windows path goes into single quotes.',
      cause,
    });
  }
}

function flatten(document: TomlTable): Map<string, TomlValue> {
  const flat = new Map<string, TomlValue>();
  for (const [name, value] of Object.entries(document)) {
    const entries = isTable(value) ? Object.entries(value) : [[name, value] as const];
    for (const [key, setting] of entries) flat.set(key, setting);
  }
  return flat;
}

function settingOf(name: keyof typeof trainFileTable, value: TomlValue, place: string): OptionValue {
  const option = trainFileTable[name];
  const setting = readTomlValue(option, value);
  if (setting !== undefined) return setting;
  const wanted = option.type === "switch" ? "true or false" : wantedBy(option);
  const isUnquoted = option.type === "string" && typeof value !== "string";
  throw new CoinageError("SETTINGS_FILE_INVALID", `${name} wants ${wanted}, not ${shown(value)}.`, {
    where: place,
    ...(isUnquoted && { hint: `Texts stand in quotes${"count" in option ? ", lists in brackets" : ""}.` }),
  });
}

function unknownKey(name: string, place: string): string {
  const near = nearestName(name, Object.keys(trainFileTable));
  return `${name} (${place}) is no setting: it is kept, but nothing acts on it.${near ? ` Did you mean ${near}?` : ""}`;
}

function placeInText(text: string, file: string, name: string): string {
  const lines = text.split("\n");
  const key = name.replace(/[^\w]/g, "\\$&");
  const at = lines.findLastIndex((line) => new RegExp(`^\\s*["']?${key}["']?\\s*=`).test(line));
  return at < 0 ? file : `${file}, line ${at + 1}`;
}

function shown(value: TomlValue): string {
  return JSON.stringify(plain(value));
}

/** The value with numbers for integers. */
function plain(value: TomlValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  return isTable(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)])) : value;
}
