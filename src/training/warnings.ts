import type { Sign } from "./diagnostics/step-warnings.ts";
import type { TrainingEvent } from "./events.ts";

type Warning = Extract<TrainingEvent, { kind: "warning" }>;
type Counted = Extract<TrainingEvent, { kind: "done" }>["warnings"][number];

/** A counted warning with what makes it the same as another. */
export type Tallied = Counted & { readonly key: string };

/** Counts warnings, so that each is said once and repeated at the end with how often it came. */
export class WarningTally {
  readonly #tallied = new Map<string, Tallied>();
  readonly #said = new Set<string>();
  readonly #ofStart = new Set<string>();

  /** Those of a run's start, which a resumed run finds for itself as far as they still hold. */
  *addOfStart(signs: Iterable<Sign>): Generator<Warning> {
    for (const sign of signs) {
      this.#ofStart.add(keyOf(sign));
      yield* this.addAll([sign]);
    }
  }

  /** Those that are new, as events. */
  *addAll(signs: Iterable<Sign>): Generator<Warning> {
    for (const sign of signs) {
      const { code, message } = sign;
      const key = keyOf(sign);
      const known = this.#tallied.get(key);
      this.#tallied.set(key, { key, code, message: known?.message ?? message, count: (known?.count ?? 0) + 1 });
      if (this.#said.has(key)) continue;
      this.#said.add(key);
      yield { kind: "warning", code, message };
    }
  }

  /** Goes on counting from an earlier part of the run; what was said then is said again when it comes again. */
  restore(tallied: readonly Tallied[]): void {
    for (const warning of tallied) this.#tallied.set(warning.key, warning);
  }

  /** What a later part of the run goes on counting from. */
  state(): Tallied[] {
    return [...this.#tallied.values()].filter(({ key }) => !this.#ofStart.has(key));
  }

  list(): Counted[] {
    return [...this.#tallied.values()].map(({ code, message, count }) => ({ code, message, count }));
  }
}

function keyOf({ code, message, key = `${code} ${message}` }: Sign): string {
  return key;
}
