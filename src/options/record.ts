import { CoinageError, nearestName } from "../errors/index.ts";
import { actsOn } from "./effects.ts";
import type { Option, OptionTable, OptionValue } from "./option.ts";
import { camelCase } from "./settings.ts";
import { readWord, wantedBy, wordsOf } from "./words.ts";

/** Values by flag name from settings by camelCase name, as a program gives them. undefined stands for not given.
 *  @throws USAGE for a name that no setting has and for a value its setting cannot take */
export function valuesOfRecord(table: OptionTable, record: object): Map<string, OptionValue> {
  const names = new Map(Object.keys(table).map((name) => [camelCase(name), name]));
  const values = new Map<string, OptionValue>();
  for (const [key, value] of Object.entries(record)) {
    if (value === undefined) continue;
    const name = names.get(key);
    if (name === undefined) throw unknownSetting(key, names.keys());
    const option = table[name]!;
    // What does not act may have come from a settings file, where it is not checked either.
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
  return new CoinageError("USAGE", `There is no setting "${key}".`, {
    hint: near ? `Did you mean ${near}?` : "docs/options.md lists them all; their names here are in camelCase.",
  });
}

function wrongValue(key: string, option: Option, value: unknown): CoinageError {
  const wanted = option.type === "switch" ? "true or false" : wantedBy(option);
  return new CoinageError("USAGE", `${key} wants ${option.count ? "a list of: " : ""}${wanted}, not ${shown(value)}.`);
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
