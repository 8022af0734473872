import { mean, standardError } from "../array/index.ts";
import type { Axis } from "./file.ts";
import type { PlannedRun } from "./plan.ts";
import type { Figures, RunResult } from "./result.ts";

/** A run with its result. */
export interface SweepRow {
  readonly run: PlannedRun;
  /** Undefined until the run has ended. */
  readonly result: RunResult | undefined;
  /** Its loss minus the mean over all runs on the same frozen batch, as a share of that mean; undefined if no other run has that batch. Below 0: better. */
  readonly relative: number | undefined;
}

/** The effect of a point of an axis, all else equal. */
interface PointEffect {
  readonly label: string;
  /** Loss on the frozen batch minus the mean over the axis, as a share of that mean; undefined if the points have different batches. */
  readonly loss: Effect | undefined;
  /** Fall of the loss as a share of the loss at the start, minus the mean over the axis. */
  readonly gain: Effect | undefined;
}

/** A mean over the combinations of all other axes, with its standard error. */
export interface Effect {
  readonly value: number;
  /** Undefined for a single combination. */
  readonly error: number | undefined;
  readonly count: number;
}

export interface AxisEffect {
  readonly axis: string;
  readonly points: readonly PointEffect[];
}

/** The runs of a sweep, the best first: by loss among runs that share a frozen batch, then by the fall of the loss. Runs without figures come last. */
export function sortedRows(runs: readonly PlannedRun[], results: readonly (RunResult | undefined)[]): SweepRow[] {
  const measured = runs.flatMap(({ batch }, i) =>
    results[i]?.figures ? [{ batch, loss: results[i].figures.loss }] : [],
  );
  const losses = grouped(measured, ({ batch }) => batch);
  const rows = runs.map((run, i) => {
    const result = results[i];
    const like = losses.get(run.batch)?.map(({ loss }) => loss) ?? [];
    const usual = mean(like);
    const relative = result?.figures && like.length > 1 ? (result.figures.loss - usual) / usual : undefined;
    return { run, result, relative };
  });
  const rank = ({ result }: SweepRow) => (result?.figures ? 0 : result?.outcome === "done" ? 1 : 2);
  return rows.sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.relative ?? 0) - (b.relative ?? 0) ||
      gainOf(b.result?.figures ?? noFigures) - gainOf(a.result?.figures ?? noFigures),
  );
}

const noFigures = { drop: 0, startLoss: 1 };

/** Fall of the loss as a share of the loss at the start. */
export function gainOf({ drop, startLoss }: Pick<Figures, "drop" | "startLoss">): number {
  return drop / startLoss;
}

/** The effect of each axis: its points are compared within each combination of the other axes, so that differences between combinations cancel.
 *  Combinations with a missing result are left out. */
export function effectsOf(
  axes: readonly Axis[],
  runs: readonly PlannedRun[],
  results: readonly (RunResult | undefined)[],
): AxisEffect[] {
  return axes
    .map(({ name, points }, at) => {
      const blocks = grouped([...runs.keys()], (i) => runs[i]!.labels.toSpliced(at, 1).join("\0"));
      const measured = [...blocks.values()]
        .map((block) => block.map((i) => ({ run: runs[i]!, figures: results[i]?.figures })))
        .filter((block) => block.every(({ figures }) => figures))
        .map((block) => block.map(({ run, figures }) => ({ run, figures: figures! })));
      const sharesBatch = measured.every((block) => block.every(({ run }) => run.batch === block[0]!.run.batch));
      return {
        axis: name,
        points: points.map(({ label }, point) => {
          const deviations = (value: (figures: Figures) => number, isShare: boolean) =>
            measured.map((block) => {
              const usual = mean(block.map(({ figures }) => value(figures)));
              return (value(block[point]!.figures) - usual) / (isShare ? usual : 1);
            });
          return {
            label,
            loss: sharesBatch ? effectOf(deviations(({ loss }) => loss, true)) : undefined,
            gain: effectOf(deviations(gainOf, false)),
          };
        }),
      };
    })
    .filter(({ points }) => points.length > 1);
}

function effectOf(deviations: readonly number[]): Effect | undefined {
  const count = deviations.length;
  if (count === 0) return undefined;
  return { value: mean(deviations), error: count > 1 ? standardError(deviations) : undefined, count };
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
