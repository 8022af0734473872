import type { TrainingEvent } from "./events.ts";
import type { Sign } from "./signs.ts";

type Warning = Extract<TrainingEvent, { kind: "warning" }>;
type Counted = Extract<TrainingEvent, { kind: "done" }>["warnings"][number];

/** A counted warning with what makes it the same as another. */
export type Tallied = Counted & { readonly key: string };

/** Counts warnings, so that each is said once and repeated at the end with how often it came. */
export class WarningTally {
  readonly #tallied = new Map<string, Tallied>();
  readonly #said = new Set<string>();

  /** Those that are new, as events. */
  *addAll(signs: Iterable<Sign>): Generator<Warning> {
    for (const { code, message, key = `${code} ${message}` } of signs) {
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

  state(): Tallied[] {
    return [...this.#tallied.values()];
  }

  list(): Counted[] {
    return this.state().map(({ code, message, count }) => ({ code, message, count }));
  }
}
