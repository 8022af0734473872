import { type ConfigTable, plainValue } from "../../formats/config/index.ts";
import type { Size } from "../../pictures/index.ts";
import type { DatasetSettings } from "../settings.ts";

/** Reads a key where it is set first: in the tables from the innermost out, then in the settings of the run.
 *  False, 0 and the empty text are set values. */
export interface Values {
  readonly text: (key: string) => string | undefined;
  readonly flag: (key: string) => boolean | undefined;
  readonly number: (key: string) => number | undefined;
  readonly size: (key: string) => Size | undefined;
  readonly range: (key: string) => readonly [number, number] | undefined;
  readonly table: (key: string) => Readonly<Record<string, unknown>> | undefined;
}

/** What keys of a dataset config are called among the settings of a run, where it is something else. */
const settingNames: Readonly<Record<string, string>> = { batch_size: "trainBatchSize", num_repeats: "datasetRepeats" };

/** The values of checked tables, the innermost first, and of the run's settings. */
export function valuesOf(tables: readonly ConfigTable[], settings: DatasetSettings): Values {
  const find = (key: string): unknown => {
    const table = tables.find((candidate) => Object.hasOwn(candidate, key));
    return table ? plainValue(table[key]!) : settings[settingName(key) as keyof DatasetSettings];
  };
  return {
    text: (key) => find(key) as string | undefined,
    flag: (key) => find(key) as boolean | undefined,
    // A boolean passes for an integer, as in Python.
    number: (key) => optional(find(key), Number),
    size: (key) =>
      optional(find(key), (value) =>
        Array.isArray(value) ? [Number(value[0]), Number(value[1])] : [Number(value), Number(value)],
      ),
    range: (key) => find(key) as readonly [number, number] | undefined,
    table: (key) => find(key) as Readonly<Record<string, unknown>> | undefined,
  };
}

function settingName(key: string): string {
  return settingNames[key] ?? key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function optional<Result>(value: unknown, read: (value: unknown) => Result): Result | undefined {
  return value === undefined ? undefined : read(value);
}
