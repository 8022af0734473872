import type { Entry } from "./events.ts";

/** A curve over the steps of a run. */
export interface Curve {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** The smoothed loss is the mean over up to this many steps, then a moving average with this time constant. */
const smoothedSteps = 40;

const ofSteps = ["loss", "averageLoss", "residual", "lr", "rowNorm", "distance", "gradNorm"] as const;

/** The name of a curve; `evaluation` is the loss on the frozen batch, `smoothLoss` the loss without most of its noise. */
type CurveName = (typeof ofSteps)[number] | "smoothLoss" | "evaluation";

/** A curve of at most `most` points: the first and the last, and the lowest and highest of each stretch in between, so that no peak is lost.
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

/** The curves of a run by name. */
export type CurvesOf = Readonly<Partial<Record<CurveName, Curve>>>;

interface GrowingCurve {
  readonly steps: number[];
  readonly values: number[];
}

/** A row of a run's table: one step. null: unknown. */
export interface TableRow {
  readonly step: number;
  readonly loss: number | null;
  readonly averageLoss: number | null;
  /** The last evaluation since the previous row. */
  readonly evaluation: number | null;
  readonly rowNorm: number | null;
  readonly distance: number | null;
  readonly lr: number | null;
}

/** The curves of a run, as they grow. */
export class Curves {
  readonly #curves = new Map<CurveName, GrowingCurve>();

  /** Every curve so far, each of at most `most` points. */
  read(most: number): CurvesOf {
    const curves = [...this.#curves].map(([name, curve]) => [name, downsampled(curve, Math.max(4, most))]);
    return Object.fromEntries(curves);
  }

  /** At most `rows` evenly spread steps between `from` and `to`, both included. */
  table({ from, to, rows }: { readonly from: number; readonly to: number; readonly rows: number }): TableRow[] {
    const all = this.#curves.get("loss")?.steps ?? [];
    const [first, last] = [firstFrom(all, from), firstFrom(all, to + 1) - 1];
    const count = Math.min(rows, last - first + 1);
    const picked = [...Array(Math.max(0, count)).keys()].map((i) =>
      count === 1 ? last : first + Math.round((i * (last - first)) / (count - 1)),
    );
    return picked.map((index, i) => {
      const [step, before] = [all[index]!, i === 0 ? from - 1 : all[picked[i - 1]!]!];
      const at = (name: CurveName) => this.#valueAt(name, step, step - 1);
      return {
        step,
        loss: at("loss"),
        averageLoss: at("averageLoss"),
        evaluation: this.#valueAt("evaluation", step, before),
        rowNorm: at("rowNorm"),
        distance: at("distance"),
        lr: at("lr"),
      };
    });
  }

  /** The last value later than step `after`, up to `step`. */
  #valueAt(name: CurveName, step: number, after: number): number | null {
    const { steps, values } = this.#curves.get(name) ?? { steps: [], values: [] };
    const index = firstFrom(steps, step + 1) - 1;
    return index >= 0 && steps[index]! > after ? values[index]! : null;
  }

  take(entry: Entry): void {
    // a resumed run repeats the steps after its state
    if (entry.kind === "start") this.#forgetAfter(entry.run.resumed?.step ?? 0);
    if (entry.kind === "evaluation") this.#add("evaluation", entry.step, entry.loss);
    if (entry.kind !== "step") return;
    for (const name of ofSteps) this.#add(name, entry.step, entry[name]);
    this.#smooth(entry.step, entry.loss);
  }

  #smooth(step: number, loss: number | null): void {
    if (typeof loss !== "number") return;
    const { steps = [], values = [] } = this.#curves.get("smoothLoss") ?? {};
    const before = values.at(-1) ?? loss;
    this.#add("smoothLoss", step, before + (loss - before) / Math.min(steps.length + 1, smoothedSteps));
  }

  #forgetAfter(step: number): void {
    for (const { steps, values } of this.#curves.values()) {
      const known = firstFrom(steps, step + 1);
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

/** The index of the first of ascending numbers that is at least `least`; their count if none is. */
function firstFrom(numbers: readonly number[], least: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
