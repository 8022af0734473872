import type { SettingsWarning } from "../options/index.ts";
import type { TrainingEvent } from "./events.ts";

/** Something odd that does not stop a run. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  /** What counts as the same warning; code and message unless given. */
  readonly key?: string;
  /** The flag it is about, where it is about one. */
  readonly option?: string;
}

/** Warnings of settings as those of a run. */
export function settingsWarnings(warnings: readonly SettingsWarning[]): Warning[] {
  return warnings.map(({ option, message }) => ({ code: "SETTINGS", message, option }));
}

type WarningEvent = Extract<TrainingEvent, { kind: "warning" }>;
type Counted = Extract<TrainingEvent, { kind: "done" }>["warnings"][number];

/** A warning with how often it came and what makes it the same as another. */
export type CountedWarning = Counted & { readonly key: string };

/** Counts warnings, so that each is shown once and repeated at the end with how often it came. */
export class WarningCounter {
  readonly #counted = new Map<string, CountedWarning>();
  readonly #shown = new Set<string>();
  readonly #ofStart = new Set<string>();

  /** counted: by an earlier part of the run; what was shown then is shown again when it comes again. */
  constructor(counted: readonly CountedWarning[] = []) {
    for (const warning of counted) this.#counted.set(warning.key, warning);
  }

  /** Those of a run's start, which a resumed run finds for itself as far as they still hold. */
  *addAtStart(warnings: Iterable<Warning>): Generator<WarningEvent> {
    for (const warning of warnings) {
      this.#ofStart.add(keyOf(warning));
      yield* this.add([warning]);
    }
  }

  /** Those that are new, as events. */
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

  /** Whether one of this code came. */
  has(code: string): boolean {
    return [...this.#counted.values()].some((warning) => warning.code === code);
  }

  /** What a later part of the run goes on counting from. */
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
