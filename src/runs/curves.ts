import type { Entry } from "./events.ts";
import type { RunPlaces } from "./folder.ts";
import { readEntries } from "./journal-reader.ts";

/** A curve over the steps of a run. */
export interface Curve {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

const ofSteps = ["loss", "averageLoss", "residual", "lr", "rowNorm", "distance", "gradNorm"] as const;

/** The curves of a run, by name; `evaluation` is the loss on the frozen batch. */
export type CurveName = (typeof ofSteps)[number] | "evaluation";

/** At most so many points of a curve: its first and last, and in between the lowest and the highest of each stretch of steps, so that no peak is lost.
 *  most: at least 4. */
export function downsampled({ steps, values }: Curve, most: number): Curve {
  if (steps.length <= most) return { steps, values };
  const kept = [0];
  const buckets = Math.floor((most - 2) / 2);
  const inner = steps.length - 2;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const [from, to] = [bucket, bucket + 1].map((edge) => 1 + Math.floor((edge * inner) / buckets)) as [number, number];
    let [low, high] = [from, from];
    for (let i = from + 1; i < to; i++) {
      if (values[i]! < values[low]!) low = i;
      if (values[i]! > values[high]!) high = i;
    }
    kept.push(Math.min(low, high));
    if (low !== high) kept.push(Math.max(low, high));
  }
  kept.push(steps.length - 1);
  return { steps: kept.map((i) => steps[i]!), values: kept.map((i) => values[i]!) };
}

interface GrowingCurve {
  readonly steps: number[];
  readonly values: number[];
}

/** The curves of a run, read from its journal; what was read once is remembered, so that only what is new is read again. */
export class Curves {
  readonly #journal: string;
  readonly #curves = new Map<CurveName, GrowingCurve>();
  #at = 0;
  #seq = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor({ journal }: RunPlaces) {
    this.#journal = journal;
  }

  /** Every curve as it is now, with at most so many points. */
  async read(
    most: number,
  ): Promise<{ readonly seq: number; readonly curves: Readonly<Partial<Record<CurveName, Curve>>> }> {
    // one after the other: two readings at once would take the same lines
    this.#reading = this.#reading.catch(() => {}).then(() => this.#catchUp());
    await this.#reading;
    const curves = [...this.#curves].map(([name, curve]) => [name, downsampled(curve, Math.max(4, most))]);
    return { seq: this.#seq, curves: Object.fromEntries(curves) };
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const { entries, end } = await readEntries(this.#journal, this.#at, this.#seq);
      for (const entry of entries) this.#take(entry);
      if (end === this.#at) return;
      this.#at = end;
    }
  }

  #take(entry: Entry): void {
    this.#seq = entry.seq;
    // a run that goes on from a state makes the steps after it again
    if (entry.kind === "start") this.#forgetAfter(entry.run.resumed?.step ?? 0);
    if (entry.kind === "evaluation") this.#add("evaluation", entry.step, entry.loss);
    if (entry.kind === "step") for (const name of ofSteps) this.#add(name, entry.step, entry[name]);
  }

  #forgetAfter(step: number): void {
    for (const { steps, values } of this.#curves.values()) {
      const known = steps.findLastIndex((one) => one <= step) + 1;
      steps.length = known;
      values.length = known;
    }
  }

  /** value: null in a journal where it was not finite. */
  #add(name: CurveName, step: number, value: number | null | undefined): void {
    if (typeof value !== "number") return;
    const curve = this.#curves.get(name) ?? { steps: [], values: [] };
    curve.steps.push(step);
    curve.values.push(value);
    this.#curves.set(name, curve);
  }
}
