import type { Size } from "../pictures/index.ts";
import type { Option, OptionTable, OptionType, OptionValue, Range, StepCount } from "./option.ts";

interface ValueOfType extends Record<OptionType, OptionValue> {
  string: string;
  int: number;
  float: number;
  switch: boolean;
  intOrRatio: StepCount;
  size: Size;
  range: Range;
  rates: number | string;
}

type FileChoice<O> = O extends { fileChoices: readonly (infer Choice)[] } ? Choice : never;

type WordValue<O extends Option> = O extends { choices: readonly (infer Choice)[] }
  ? Choice | FileChoice<O>
  : ValueOfType[O["type"]];

type ValueOf<O extends Option> = O extends { count: "any" }
  ? readonly WordValue<O>[]
  : O extends { count: 2 }
    ? readonly [WordValue<O>, WordValue<O>]
    : WordValue<O>;

type SettingOf<O extends Option> = O extends { default: OptionValue } | { type: "switch" }
  ? ValueOf<O>
  : ValueOf<O> | undefined;

/** `num_vectors_per_token` -> `numVectorsPerToken`, for types; `camelCase` does it at run time. */
export type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type SettingName<Name extends string, O extends Option> = O extends { setting: infer Setting extends string }
  ? Setting
  : CamelCase<Name>;

/** The settings that a table describes, by name in code; `undefined` if neither given nor a default. */
export type SettingsOf<Table extends OptionTable> = {
  readonly [Name in keyof Table & string as SettingName<Name, Table[Name]>]: SettingOf<Table[Name]>;
};

/** `num_vectors_per_token` -> `numVectorsPerToken`. */
export function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The name in code of a flag's setting. */
export function settingName(flag: string, option: Option): string {
  return option.setting ?? camelCase(flag);
}

/** The value of a setting that is not given. */
export function defaultOf(option: Option): OptionValue | undefined {
  return option.default ?? (option.type === "switch" ? false : undefined);
}

/** Settings of a table from values by flag name; later layers override earlier ones and the table's defaults. */
export function settingsFrom<Table extends OptionTable>(
  table: Table,
  ...layers: readonly ReadonlyMap<string, OptionValue>[]
): SettingsOf<Table> {
  const settingOf = (flag: string, option: Option): OptionValue | undefined =>
    layers.findLast((layer) => layer.has(flag))?.get(flag) ?? defaultOf(option);
  return Object.fromEntries(
    Object.entries(table).map(([flag, option]) => [settingName(flag, option), settingOf(flag, option)]),
  ) as SettingsOf<Table>;
}

/** Every option of a table whose setting differs from its default, in table order: flag name, option, value. */
export function changedSettings(
  table: OptionTable,
  settings: object,
): [name: string, option: Option, value: OptionValue][] {
  const values = settings as Readonly<Record<string, OptionValue | undefined>>;
  return Object.entries(table).flatMap(([name, option]) => {
    const value = values[settingName(name, option)];
    return value === undefined || isSameValue(value, defaultOf(option)) ? [] : [[name, option, value]];
  });
}

function isSameValue(a: OptionValue, b: OptionValue | undefined): boolean {
  return typeof a === "object" ? JSON.stringify(a) === JSON.stringify(b) : Object.is(a, b);
}
