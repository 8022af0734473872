/** A value of a dataset config. An integer is a bigint, so that `1` and `1.0` stay apart as in Python. */
export type ConfigValue = string | boolean | bigint | number | null | readonly ConfigValue[] | ConfigTable;

export interface ConfigTable {
  readonly [key: string]: ConfigValue;
}

/** Where a value stands: keys and list indices from the top. */
export type ConfigPath = readonly (string | number)[];

/** The line of a value or of the nearest table around it, counted from 1. */
export type LineOf = (place: ConfigPath) => number | undefined;

export function isTable(value: ConfigValue | undefined): value is ConfigTable {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
