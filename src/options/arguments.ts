import { CoinageError, nearestName } from "../errors/index.ts";
import type { SettingsWarning } from "./checked.ts";
import type { Option, OptionTable, OptionValue } from "./option.ts";
import { readWord, wantedBy } from "./option-values.ts";

/** A parsed command line. */
export interface Arguments {
  /** The values of the flags that were given, by flag name. */
  readonly given: ReadonlyMap<string, OptionValue>;
  /** Flags that were given more than once with different values: the last counts. */
  readonly repeated: ReadonlySet<string>;
  readonly isHelpAsked: boolean;
}

type Word =
  | { readonly kind: "value"; readonly text: string }
  | { readonly kind: "option"; readonly name: string; readonly inline: string | undefined }
  | { readonly kind: "stray"; readonly text: string };

/** Parses a command line as Python's argparse does: `--a b`, `--a=b`, unambiguous prefixes, the last of repeated flags wins, `-0.1` is a value.
 *  Words after `-h` or `--help` are ignored. fileTable: settings of a settings file, for hints.
 *  @throws USAGE */
export function parseArguments(table: OptionTable, argv: readonly string[], fileTable: OptionTable = table): Arguments {
  const words = withoutLineEnds(table, classify(table, argv));
  const given = new Map<string, OptionValue>();
  const repeated = new Set<string>();
  const strays: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word.kind !== "option") {
      strays.push(word.text);
    } else if (word.name === "help") {
      return { given, repeated, isHelpAsked: true };
    } else {
      const following = valuesAfter(words, at);
      const { value, used } = readOption(word.name, table[word.name]!, word.inline, following);
      if (given.has(word.name) && String(given.get(word.name)) !== String(value)) repeated.add(word.name);
      given.set(word.name, value);
      at += used;
    }
  }
  if (strays.length > 0) throw strayWord(table, strays[0]!, fileTable);
  return { given, repeated, isHelpAsked: false };
}

/** Warnings about list flags given several times, of which only the last counts. Not for other flags: scripts repeat them on purpose, to override. */
export function repeatedWarnings(table: OptionTable, { repeated }: Arguments): SettingsWarning[] {
  return [...repeated]
    .filter((option) => table[option]?.count === "any" || option === "prompt")
    .map((option) => {
      const instead =
        option === "prompt" ? "Write several prompts into a file for --from_file" : "Write all values after one flag";
      return { option, message: `--${option} was given more than once, and only the last counts. ${instead}.` };
    });
}

function classify(table: OptionTable, argv: readonly string[]): Word[] {
  const separator = argv.indexOf("--");
  const before = separator < 0 ? argv : argv.slice(0, separator);
  const after = argv.slice(before.length);
  return [
    ...before.map((text) => classifyWord(table, text)),
    // there are no positional arguments: `--` and everything after it are stray
    ...after.map((text) => ({ kind: "stray", text }) as const),
  ];
}

function classifyWord(table: OptionTable, text: string): Word {
  if (!text.startsWith("-") || text === "-") return { kind: "value", text };
  if (text === "-h") return { kind: "option", name: "help", inline: undefined };
  if (text.startsWith("--")) {
    const [, name = "", inline] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(text)!;
    const found = findOption(table, name);
    if (found) return { kind: "option", name: found, inline };
  }
  if (/^-(\d+|\d*\.\d+)$/.test(text) || text.includes(" ")) return { kind: "value", text };
  return { kind: "stray", text };
}

/** Drops line continuations of bash, cmd.exe or PowerShell, left over when a command line is pasted into another shell or copied as one line.
 *  One that is the only word after a flag that takes a value is kept as the value.
 *  differs from sd-scripts: a stray line continuation (a backslash, ^ or a backtick) is an unrecognized argument.
 *  coinage: a stray line continuation is dropped.
 *  because: command lines are pasted from other shells. */
function withoutLineEnds(table: OptionTable, words: readonly Word[]): Word[] {
  return words.filter((word, i) => {
    if (word.kind !== "value" || !/^([\\^`]|[\\^`]?[\r\n]+)$/.test(word.text)) return true;
    const [before, after] = [words[i - 1], words[i + 1]];
    const option = before?.kind === "option" && before.inline === undefined ? table[before.name] : undefined;
    if (!option || option.type === "switch" || option.alone !== undefined || option.count === "any") return false;
    return after?.kind !== "value";
  });
}

/** The full name of an option from its name or an unambiguous prefix. */
function findOption(table: OptionTable, name: string): string | undefined {
  if (Object.hasOwn(table, name) || name === "help") return name;
  const matches = ["help", ...Object.keys(table)].filter((candidate) => candidate.startsWith(name));
  if (matches.length < 2) return matches[0];
  const shown = matches.length > 8 ? [...matches.slice(0, 8), "..."] : matches;
  throw new CoinageError("USAGE", `--${name} is ambiguous.`, {
    where: `--${name}`,
    hint: `It could be any of ${shown.map((match) => (match === "..." ? match : `--${match}`)).join(", ")}`,
  });
}

function valuesAfter(words: readonly Word[], at: number): string[] {
  const values: string[] = [];
  for (const word of words.slice(at + 1)) {
    if (word.kind !== "value") break;
    values.push(word.text);
  }
  return values;
}

function readOption(
  name: string,
  option: Option,
  inline: string | undefined,
  following: readonly string[],
): { value: OptionValue; used: number } {
  if (option.type === "switch") {
    if (inline !== undefined) throw usage(name, `--${name} takes no value, but got "${inline}".`);
    return { value: true, used: 0 };
  }
  const available = inline === undefined ? following : [inline];
  if (option.alone !== undefined && available.length === 0) return { value: option.alone, used: 0 };
  const wanted = option.count === "any" ? available.length : (option.count ?? 1);
  if (available.length < wanted) {
    const amount = wanted === 1 ? "a value" : `${wanted} values`;
    // a value may begin with a dash only after "="
    throw usage(
      name,
      `--${name} needs ${amount}${option.type === "string" && !option.choices ? "" : `: ${wantedBy(option)}`}.`,
      `Write a value that begins with "-" as --${name}=-VALUE.`,
    );
  }
  const values = available.slice(0, wanted).map((word) => readOrThrow(name, option, word));
  const value = option.count ? (values as string[]) : values[0]!;
  return { value, used: inline === undefined ? wanted : 0 };
}

function readOrThrow(name: string, option: Option, word: string): OptionValue {
  const value = readWord(option, word);
  if (value !== undefined) return value;
  throw usage(name, `--${name} expects ${wantedBy(option)}, not "${word}".`, correction(option, word));
}

function correction(option: Option, word: string): string | undefined {
  if (option.type === "int" && /^\d{16,}$/.test(word)) return `The largest whole number is ${Number.MAX_SAFE_INTEGER}.`;
  if (option.fileChoices?.map(String).includes(word)) return "Leave it out: that is the default.";
  const near = option.type === "string" && option.choices && nearestName(word, option.choices.map(String));
  return near ? `Did you mean ${near}?` : undefined;
}

function strayWord(table: OptionTable, text: string, fileTable: OptionTable): CoinageError {
  if (!text.startsWith("--") || text === "--") {
    return new CoinageError("USAGE", `"${text}" does not belong to an option.`, {
      hint: "A value with spaces needs quotes around it.",
    });
  }
  const name = text.slice(2).split("=")[0]!;
  if (Object.hasOwn(fileTable, name) && !Object.hasOwn(table, name))
    return usage(
      name,
      `--${name} is not a command-line option, as in sd-scripts.`,
      `It works in a settings file (--config_file): ${name} = ...`,
    );
  const near = nearestName(name.replaceAll("-", "_"), Object.keys(table));
  if (Object.hasOwn(table, "prompt") && /^neg/.test(name))
    return usage(name, `Unknown option --${name}.`, 'Write it after the prompt: --prompt "a cat --n blurry"');
  return usage(name, `Unknown option --${name}.`, near ? `Did you mean --${near}?` : "--help lists all options.");
}

function usage(name: string, message: string, hint?: string): CoinageError {
  return new CoinageError("USAGE", message, { where: `--${name}`, ...(hint && { hint }) });
}
