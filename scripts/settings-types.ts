import {
  camelCase,
  defaultText,
  type Option,
  type OptionGroup,
  settingName,
  supportText,
  wrap,
} from "../src/options/index.ts";

/** The interface of a command's settings, generated from its table: a documented member for every flag, and one for each alias. */
export interface SettingsInterface {
  readonly name: string;
  /** The first sentences of its docstring. */
  readonly about: readonly string[];
  readonly groups: readonly OptionGroup[];
  /** Members that belong to no flag. */
  readonly others?: readonly string[];
}

const widest = 120;

/** The module that declares these settings, formatted as Biome does. */
export function settingsModule({ name, about, groups, others = [] }: SettingsInterface): string {
  const members = groups.flatMap(({ title, options }) => [
    `  // ${title}`,
    "",
    ...Object.entries(options).flatMap(([flag, option]) => memberOf(flag, option)),
  ]);
  const types = new Set(groups.flatMap(({ options }) => Object.values(options).flatMap(wordTypes)));
  const imported = ["Range", "StepCount"].filter((type) => types.has(type));
  return [
    "// Made from the table of flags by `npm run docs`.",
    ...(types.has("Size") ? ['import type { Size } from "../../pictures/index.ts";'] : []),
    ...(imported.length > 0 ? [`import type { ${imported.join(", ")} } from "../option.ts";`] : []),
    "",
    ...docLines(about, ""),
    `export interface ${name} {`,
    [...members, ...others].join("\n").replace(/\n+$/, ""),
    "}",
    "",
  ].join("\n");
}

function memberOf(flag: string, option: Option): string[] {
  const setting = settingName(flag, option);
  const alias = camelCase(flag);
  return [
    ...docLines(documentationOf(flag, option), "  "),
    ...typedMember(setting, option),
    ...(alias === setting
      ? []
      : [...docLines([`Another name of \`${setting}\`.`], "  "), ...typedMember(alias, option)]),
    "",
  ];
}

function documentationOf(flag: string, option: Option): string[] {
  const shownDefault = defaultText(option);
  const support = supportText(option);
  return [
    option.help,
    ...(support ? [support] : []),
    `Flag: \`--${flag}\``,
    ...(shownDefault === undefined ? [] : [`@defaultValue \`${shownDefault}\``]),
  ];
}

/** A docstring, each text on its own lines. */
function docLines(texts: readonly string[], indent: string): string[] {
  const lines = texts.flatMap((text) => wrap(text.replaceAll("*/", "*\\/"), widest - indent.length - 4));
  if (lines.length === 1 && indent.length + lines[0]!.length + 7 <= widest) return [`${indent}/** ${lines[0]} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`];
}

function typedMember(setting: string, option: Option): string[] {
  const types = [...typesOf(option), "undefined"];
  const line = `  readonly ${setting}?: ${types.join(" | ")};`;
  return line.length <= widest
    ? [line]
    : [`  readonly ${setting}?:`, ...types.map((type) => `    | ${type}`)].map(closed);
}

/** The last line of a member that takes several lines. */
function closed(line: string, at: number, { length }: readonly string[]): string {
  return at === length - 1 ? `${line};` : line;
}

function typesOf(option: Option): string[] {
  const words = wordTypes(option);
  if (option.count === "any") return [`readonly ${words.length > 1 ? `(${words.join(" | ")})` : words[0]}[]`];
  if (option.count === 2) return [`readonly [${words.join(" | ")}, ${words.join(" | ")}]`];
  return words;
}

function wordTypes({ type, choices, fileChoices = [] }: Option): string[] {
  return choices ? [...choices, ...fileChoices].map((choice) => JSON.stringify(choice)) : [...typesByKind[type]];
}

const typesByKind = {
  string: ["string"],
  int: ["number"],
  float: ["number"],
  switch: ["boolean"],
  intOrRatio: ["StepCount"],
  size: ["Size"],
  range: ["Range"],
  rates: ["number", "string"],
} as const;
