import { CoinageError, nearestName } from "../errors/index.ts";
import type { Option, OptionTable, OptionValue } from "./option.ts";
import { readWord, wantedBy, wordsOf } from "./option-values.ts";
import { camelCase, settingName } from "./settings.ts";
import { actsOn } from "./support.ts";

/** Values by flag name, from settings by their names in code or by flag names in camelCase (`ckpt`, `W`). undefined means not given.
 *  @throws USAGE for an unknown name, two names of the same setting, or a value its setting cannot take */
export function valuesOfRecord(table: OptionTable, record: object): Map<string, OptionValue> {
  const flags = new Map(Object.keys(table).map((flag) => [camelCase(flag), flag]));
  for (const [flag, option] of Object.entries(table)) flags.set(settingName(flag, option), flag);
  const values = new Map<string, OptionValue>();
  for (const [key, value] of Object.entries(record)) {
    if (value === undefined) continue;
    const name = flags.get(key);
    if (name === undefined) throw unknownSetting(key, flags.keys());
    const option = table[name]!;
    if (values.has(name)) throw givenTwice(settingName(name, option), camelCase(name));
    // not checked without effect: it may come from a settings file, which does not check it either
    if (actsOn(option) && !isTaken(option, value)) throw wrongValue(key, option, value);
    values.set(name, value as OptionValue);
  }
  return values;
}

/** Whether the command line or a settings file could have given this value. */
function isTaken(option: Option, value: unknown): boolean {
  if (option.type === "switch") return typeof value === "boolean";
  if (!option.count) return isOneTaken(option, value);
  const { count, ...single } = option;
  const isRightLength = Array.isArray(value) && (count === "any" || value.length === count);
  return isRightLength && value.every((entry) => isOneTaken(single, entry));
}

function isOneTaken(option: Option, value: unknown): boolean {
  const { choices, fileChoices = [] } = option;
  const open = choices ? { ...option, choices: [...choices, ...fileChoices] } : option;
  if (value === null) return false;
  const read = readWord(open, wordsOf(option, value as OptionValue)[0]!);
  return read !== undefined && typeof read === typeof value;
}

function unknownSetting(key: string, known: Iterable<string>): CoinageError {
  const near = nearestName(key, known);
  return new CoinageError("USAGE", `Unknown setting "${key}".`, {
    hint: near ? `Did you mean ${near}?` : "docs/options.md lists all flags; settings are their names in camelCase.",
  });
}

function givenTwice(setting: string, alias: string): CoinageError {
  return new CoinageError("USAGE", `${setting} and ${alias} are the same setting.`, { hint: `Leave ${alias} out.` });
}

function wrongValue(key: string, option: Option, value: unknown): CoinageError {
  const wanted = option.type === "switch" ? "true or false" : wantedBy(option);
  return new CoinageError(
    "USAGE",
    `${key} expects ${option.count ? "a list of: " : ""}${wanted}, not ${shown(value)}.`,
  );
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
