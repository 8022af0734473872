import type { TomlValue } from "smol-toml";
import type { ConfigValue } from "../../formats/config/index.ts";
import type { Option, OptionValue } from "../option.ts";
import { isAllowed, rangeOf, readWord, sizeOf, stepShare, wordsOf } from "../option-values.ts";

/** The setting from a TOML value, or undefined if the option does not take it. Integers are bigints.
 *  Accepts more than sd-scripts: numbers in quotes, sizes and ranges as numbers or arrays, 0 and 1 for switches. */
export function readTomlValue(option: Option, value: ConfigValue): OptionValue | undefined {
  if (!option.count) return readOne(option, value);
  const entries = (Array.isArray(value) ? value : [value]).map((entry) => readOne(option, entry));
  if (entries.includes(undefined) || (option.count !== "any" && entries.length !== option.count)) return undefined;
  return entries as string[] | number[];
}

function readOne(described: Option, value: ConfigValue): OptionValue | undefined {
  if (described.type === "switch") return readSwitch(value);
  const { choices, fileChoices = [] } = described;
  const option = choices ? { ...described, choices: [...choices, ...fileChoices] } : described;
  if (typeof value === "string") return readWord(option, value);
  const setting = readTyped(option, value);
  return setting !== undefined && isAllowed(option, setting) ? setting : undefined;
}

function readSwitch(value: ConfigValue): boolean | undefined {
  if (typeof value === "boolean") return value;
  // differs from sd-scripts: every text is true for a switch in a settings file, also "False".
  // coinage: the texts "true" and "false" are read as what they say.
  // because: a switch that was meant to be off would be on.
  if (typeof value === "string" && /^(true|false)$/i.test(value)) return value.toLowerCase() === "true";
  return value === 0n || value === 1n ? value === 1n : undefined;
}

function readTyped(option: Option, value: ConfigValue): OptionValue | undefined {
  const number = numberOf(value);
  switch (option.type) {
    case "int":
      return Number.isSafeInteger(number) ? number : undefined;
    case "float":
    case "rates":
      return number;
    case "intOrRatio":
      return typeof value === "bigint" ? stepsOf(number) : stepShare(number, 1);
    case "size":
      return sizeOf(Array.isArray(value) ? value.map(numberOf) : [number]);
    case "range":
      return Array.isArray(value) ? rangeOf(value.map(numberOf)) : undefined;
    default:
      return undefined;
  }
}

function stepsOf(number: number | undefined): OptionValue | undefined {
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? { steps: number } : undefined;
}

function numberOf(value: ConfigValue): number | undefined {
  return typeof value === "bigint" || typeof value === "number" ? Number(value) : undefined;
}

/** The TOML value that `readTomlValue` reads back, in a form that sd-scripts also reads. Integers are bigints. */
export function tomlValue(option: Option, value: OptionValue): TomlValue {
  if (option.type === "size" || option.type === "range") return wordsOf(option, value).join();
  if (Array.isArray(value)) return value.map((entry: string | number) => scalar(option, entry));
  if (typeof value === "object") return "steps" in value ? BigInt(value.steps) : (value as { ratio: number }).ratio;
  return scalar(option, value);
}

function scalar(option: Option, value: string | number | boolean): TomlValue {
  return typeof value === "number" && option.type === "int" ? BigInt(value) : value;
}
