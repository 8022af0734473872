import type { SettingsWarning } from "../options/index.ts";
import type { TrainingEvent } from "./events.ts";

/** A problem that does not stop a run. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  /** Identifies repeats of the warning (default: code and message). */
  readonly key?: string;
  /** The flag it is about. */
  readonly option?: string;
}

/** Warnings about settings as warnings of a run. */
export function settingsWarnings(warnings: readonly SettingsWarning[]): Warning[] {
  return warnings.map(({ option, message }) => ({ code: "SETTINGS", message, option }));
}

type WarningEvent = Extract<TrainingEvent, { kind: "warning" }>;
type Counted = Extract<TrainingEvent, { kind: "done" }>["warnings"][number];

/** A warning with its count and key. */
export type CountedWarning = Counted & { readonly key: string };

/** Counts warnings, so that each is shown once, and again at the end with its count. */
export class WarningCounter {
  readonly #counted = new Map<string, CountedWarning>();
  readonly #shown = new Set<string>();
  readonly #ofStart = new Set<string>();

  /** counted: in an earlier part of the run; these are shown again if they recur. */
  constructor(counted: readonly CountedWarning[] = []) {
    for (const warning of counted) this.#counted.set(warning.key, warning);
  }

  /** Adds warnings of a run's start. States leave them out: a resumed run finds those that still hold. */
  *addAtStart(warnings: Iterable<Warning>): Generator<WarningEvent> {
    for (const warning of warnings) {
      this.#ofStart.add(keyOf(warning));
      yield* this.add([warning]);
    }
  }

  /** Adds warnings and yields the new ones as events. */
  *add(warnings: Iterable<Warning>): Generator<WarningEvent> {
    for (const warning of warnings) {
      const { code, message } = warning;
      const key = keyOf(warning);
      const known = this.#counted.get(key);
      this.#counted.set(key, { key, code, message: known?.message ?? message, count: (known?.count ?? 0) + 1 });
      if (this.#shown.has(key)) continue;
      this.#shown.add(key);
      yield { kind: "warning", code, message };
    }
  }

  /** Whether there was a warning with this code. */
  has(code: string): boolean {
    return [...this.#counted.values()].some((warning) => warning.code === code);
  }

  /** Counts for a later part of the run. */
  state(): CountedWarning[] {
    return [...this.#counted.values()].filter(({ key }) => !this.#ofStart.has(key));
  }

  list(): Counted[] {
    return [...this.#counted.values()].map(({ code, message, count }) => ({ code, message, count }));
  }
}

function keyOf({ code, message, key = `${code} ${message}` }: Warning): string {
  return key;
}
