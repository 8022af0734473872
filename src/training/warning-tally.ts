import type { TrainingEvent } from "./events.ts";

type Warning = Extract<TrainingEvent, { kind: "warning" }>;
type Counted = Extract<TrainingEvent, { kind: "done" }>["warnings"][number];

/** Counts warnings, so that each is said once and repeated at the end with how often it came. */
export class WarningTally {
  readonly #counts = new Map<string, { code: string; message: string; count: number }>();

  /** Those that are new, as events. */
  *addAll(signs: Iterable<{ readonly code: string; readonly message: string }>): Generator<Warning> {
    for (const { code, message } of signs) {
      const key = `${code} ${message}`;
      const known = this.#counts.get(key);
      if (known) known.count++;
      else {
        this.#counts.set(key, { code, message, count: 1 });
        yield { kind: "warning", code, message };
      }
    }
  }

  list(): Counted[] {
    return [...this.#counts.values()].map((warning) => ({ ...warning }));
  }
}
