import type { NdArray } from "../../array/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { anglesBetween, type ReportData } from "../../report/index.ts";
import type { ChoiceEvent, EvaluationEvent, StepEvent, TrainingEvent } from "../events.ts";

type Tables = readonly NdArray<Float32Array>[];

/** Whether a run writes a report. */
export function wantsReport({ report, recipe, evalEveryNSteps, earlyStop, keep }: TrainSettings): boolean {
  if (report !== undefined) return report === "on";
  return recipe !== undefined || evalEveryNSteps !== undefined || earlyStop || keep !== "last";
}

/** Vectors of a run after its last step, for the report. */
export interface ObservedVectors {
  /** [vectors, width] per text encoder. */
  readonly finished: Tables;
  readonly current: Tables;
}

/** Vectors at a step. */
export interface Snapshot {
  readonly step: number;
  readonly tables: Tables;
}

/** Most points of a curve, and most snapshots besides those at a third and two thirds of the run. */
const [mostPoints, mostSnapshots] = [240, 16];

/** A point of the curves. */
interface Point {
  readonly step: number;
  /** Mean since the previous point. */
  readonly loss: number;
  readonly norms: readonly number[];
  readonly angles: readonly number[];
  readonly distances: readonly number[];
}

/** The course of a run for its report: curves with a bounded number of points, and vectors to draw with. Part of the state, so that a resumed run
 *  continues it; depends on steps alone. */
export class RunHistory {
  /** Which vectors were kept at the end; undefined if none were compared. */
  choice: ChoiceEvent | undefined;
  /** Speed of the last steps; undefined before the first one. */
  samplesPerSecond: number | undefined;
  readonly #initial: Tables;
  readonly #thirds: readonly number[];
  #points: Point[] = [];
  #pointEvery = 1;
  #pending = { sum: 0, count: 0 };
  #lowestLoss = Number.POSITIVE_INFINITY;
  readonly #snapshots = new Map<number, Tables>();
  #snapshotEvery = 1;
  #best: Snapshot | undefined;

  /** initial: the vectors before the first step; steps: of the whole run; saved: from `state`. */
  constructor(initial: Tables, steps: number, saved?: ReadonlyMap<string, NdArray>) {
    this.#initial = initial;
    this.#thirds = [Math.round(steps / 3), Math.round((2 * steps) / 3)];
    if (saved) this.#restore(saved);
  }

  /** Passes on a run's events and notes what the report needs. */
  async *noting(events: AsyncIterable<TrainingEvent>, vectors: ObservedVectors): AsyncGenerator<TrainingEvent> {
    for await (const event of events) {
      if (event.kind === "step") this.#noteStep(event, vectors);
      if (event.kind === "choice") this.choice = event;
      if (event.kind === "evaluation") this.#noteEvaluation(event, vectors);
      yield event;
    }
  }

  get curves(): ReportData["curves"] {
    const points = this.#points;
    const perRow = (pick: (point: Point) => readonly number[]) =>
      (points[0] ? pick(points[0]) : []).map((_, row) => points.map((point) => finite(pick(point)[row])));
    return {
      steps: points.map(({ step }) => step),
      loss: points.map(({ loss }) => finite(loss)),
      norms: perRow(({ norms }) => norms),
      angles: perRow(({ angles }) => angles),
      distances: perRow(({ distances }) => distances),
    };
  }

  /** The vectors at the evaluation with the lowest loss; undefined if that was before the first step. */
  get best(): Snapshot | undefined {
    return this.#best;
  }

  /** The snapshots nearest to a third and two thirds of a run of `steps` steps. */
  thirdsOf(steps: number): Snapshot[] {
    const known = [...this.#snapshots.keys()].filter((step) => step < steps);
    const nearest = [steps / 3, (2 * steps) / 3].flatMap((third) =>
      known.length === 0 ? [] : known.reduce((a, b) => (Math.abs(b - third) < Math.abs(a - third) ? b : a)),
    );
    return [...new Set(nearest)].map((step) => ({ step, tables: this.#snapshots.get(step)! }));
  }

  #noteStep(event: StepEvent, { current, finished }: ObservedVectors): void {
    const { step, loss, rowNorms, rowDistances } = event;
    this.samplesPerSecond = event.samplesPerSecond;
    this.#pending.sum += loss;
    this.#pending.count++;
    if (step % this.#pointEvery === 0) {
      const angles = anglesBetween(current, this.#initial);
      const { sum, count } = this.#pending;
      this.#points.push({ step, loss: sum / count, norms: rowNorms, angles, distances: rowDistances });
      this.#pending = { sum: 0, count: 0 };
      if (this.#points.length > mostPoints) this.#thinPoints();
    }
    if (step % this.#snapshotEvery === 0 || this.#thirds.includes(step)) this.#keep({ step, tables: finished });
  }

  #noteEvaluation({ step, loss }: EvaluationEvent, { finished }: ObservedVectors): void {
    if (!(loss < this.#lowestLoss)) return;
    this.#lowestLoss = loss;
    this.#best = step === 0 ? undefined : { step, tables: finished };
  }

  /** Merges every second point into the next one. */
  #thinPoints(): void {
    this.#pointEvery *= 2;
    const kept: Point[] = [];
    let before: Point | undefined;
    for (const point of this.#points) {
      const isKept = point.step % this.#pointEvery === 0;
      if (isKept) kept.push(before ? { ...point, loss: (point.loss + before.loss) / 2 } : point);
      before = isKept ? undefined : point;
    }
    if (before) this.#pending = { sum: before.loss * (this.#pointEvery / 2), count: this.#pointEvery / 2 };
    this.#points = kept;
  }

  #keep({ step, tables }: Snapshot): void {
    this.#snapshots.set(step, tables);
    while (this.#snapshots.size > mostSnapshots + this.#thirds.length) {
      this.#snapshotEvery *= 2;
      for (const known of [...this.#snapshots.keys()])
        if (known % this.#snapshotEvery !== 0 && !this.#thirds.includes(known)) this.#snapshots.delete(known);
    }
  }

  /** The history as named arrays of a training state. */
  state(): Map<string, NdArray> {
    const arrays = new Map<string, NdArray>();
    const { sum, count } = this.#pending;
    arrays.set("course", float64([this.#pointEvery, sum, count, this.#snapshotEvery, this.#lowestLoss]));
    const rows = this.#points.map(({ step, loss, norms, angles, distances }) => [
      step,
      loss,
      ...norms,
      ...angles,
      ...distances,
    ]);
    if (rows.length > 0) arrays.set("points", table64(rows));
    for (const [step, tables] of this.#snapshots)
      for (const [i, table] of tables.entries()) arrays.set(`snapshots/${step}/${i}`, table);
    for (const [i, table] of (this.#best?.tables ?? []).entries()) arrays.set(`best/${this.#best!.step}/${i}`, table);
    return arrays;
  }

  #restore(saved: ReadonlyMap<string, NdArray>): void {
    const course = saved.get("course");
    if (!course) return;
    const [pointEvery, sum, count, snapshotEvery, lowestLoss] = numbersOf(course) as [
      number,
      number,
      number,
      number,
      number,
    ];
    this.#pointEvery = pointEvery;
    this.#pending = { sum, count };
    this.#snapshotEvery = snapshotEvery;
    this.#lowestLoss = lowestLoss;
    this.#points = rowsOf(saved.get("points")).map(([step, loss, ...rest]) => {
      const third = rest.length / 3;
      const [norms, angles, distances] = [0, 1, 2].map((i) => rest.slice(i * third, (i + 1) * third)) as [
        number[],
        number[],
        number[],
      ];
      return { step: step!, loss: loss!, norms, angles, distances };
    });
    for (const { step, tables } of snapshotsIn(saved, "snapshots")) this.#snapshots.set(step, tables);
    this.#best = snapshotsIn(saved, "best")[0];
  }
}

function snapshotsIn(saved: ReadonlyMap<string, NdArray>, prefix: string): Snapshot[] {
  const found = new Map<number, NdArray<Float32Array>[]>();
  for (const [name, array] of saved) {
    const [kind, step, encoder] = name.split("/");
    if (kind !== prefix) continue;
    const tables = found.get(Number(step)) ?? [];
    tables[Number(encoder)] = array as NdArray<Float32Array>;
    found.set(Number(step), tables);
  }
  return [...found].sort(([a], [b]) => a - b).map(([step, tables]) => ({ step, tables }));
}

function float64(values: readonly number[]): NdArray {
  return { dtype: "float64", shape: [values.length], data: Float64Array.from(values) };
}

function table64(rows: readonly (readonly number[])[]): NdArray {
  return { ...float64(rows.flat()), shape: [rows.length, rows[0]!.length] };
}

function numbersOf({ data }: NdArray): number[] {
  return Array.from(data, Number);
}

function rowsOf(table: NdArray | undefined): number[][] {
  if (!table) return [];
  const numbers = numbersOf(table);
  const width = table.shape[1]!;
  return Array.from({ length: table.shape[0]! }, (_, row) => numbers.slice(row * width, (row + 1) * width));
}

/** The number, or null if JSON cannot hold it. */
export function finite(value: number | null | undefined): number | null {
  return value === null || value === undefined || !Number.isFinite(value) ? null : value;
}
