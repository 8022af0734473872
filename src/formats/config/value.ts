/** A value in a TOML or JSON file. An integer is a bigint, so that `1` and `1.0` stay distinct as in Python. */
export type ConfigValue = string | boolean | bigint | number | Date | null | readonly ConfigValue[] | ConfigTable;

export interface ConfigTable {
  readonly [key: string]: ConfigValue;
}

/** The path to a value: keys and list indices from the top. */
export type ConfigPath = readonly (string | number)[];

/** A parsed file with line numbers. */
export interface ConfigDocument<Root extends ConfigValue = ConfigValue> {
  readonly value: Root;
  /** The line of a value or of the nearest table around it, counted from 1. */
  readonly lineOf: (path: ConfigPath) => number | undefined;
}

/** A syntax error; the message is the parser's reason. */
export class ConfigSyntaxError extends Error {
  readonly line: number;
  /** Undefined if the parser does not give it. */
  readonly column: number | undefined;

  constructor(reason: string, line: number, column: number | undefined, cause: unknown) {
    super(reason, { cause });
    this.line = line;
    this.column = column;
  }
}

/** Whether a value is a table, not a list or a date. */
export function isTable(value: ConfigValue | undefined): value is ConfigTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The value with its integers as numbers. */
export function plainValue(value: ConfigValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plainValue);
  return isTable(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)]))
    : value;
}
