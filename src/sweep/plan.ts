import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { digestOf } from "../files/index.ts";
import {
  type Checked,
  type FileValues,
  flagsToml,
  readTrainFlags,
  type TrainSettings,
  trainFileTable,
  trainGroups,
} from "../options/index.ts";
import { folderPart } from "../runs/index.ts";
import type { Axis, AxisPoint, Sweep } from "./file.ts";

/** A run of a sweep, not yet started. */
export interface PlannedRun {
  /** Name of the run's folder. */
  readonly name: string;
  /** The label of its point on each axis, in the order of the axes. */
  readonly labels: readonly string[];
  readonly values: FileValues;
  /** Its settings for `--config_file`, without those that only affect speed or display. */
  readonly config: string;
  /** Equal for runs whose frozen batches have the same images, captions, noise and timesteps, so that their losses can be compared. */
  readonly batch: string;
}

interface PlannedSweep {
  readonly runs: readonly PlannedRun[];
  readonly warnings: readonly string[];
}

/** Most runs of a sweep; more are probably a typing error. */
const mostRuns = 1000;

/** Defaults of a sweep: the same noise in all runs, and a report on each. */
const defaults: FileValues = new Map<keyof typeof trainFileTable, string | number | boolean>([
  ["save_model_as", "safetensors"],
  ["seed", 1],
  ["report", "on"],
]);

/** Plans the runs of a sweep and checks the settings of each. folder: of the sweep. @throws SWEEP_INVALID, and any error in a run's settings */
export async function planRuns({ base, axes }: Sweep, folder: string): Promise<PlannedSweep> {
  const count = axes.reduce((product, { points }) => product * points.length, 1);
  if (count > mostRuns)
    throw new CoinageError("SWEEP_INVALID", `The axes make ${count} runs; a sweep has at most ${mostRuns}.`, {
      where: "axes",
      hint: "Make several sweeps of it.",
    });
  const runs = combinations(axes).map((points) => plannedRun(base, axes, points));
  const warnings: string[] = [];
  for (const run of runs) {
    const checked = await settingsOfRun(run, folder);
    warnings.push(...checked.warnings.map(({ message }) => message));
  }
  return { runs, warnings };
}

/** All combinations of points; the last axis varies fastest. */
function combinations(axes: readonly Axis[]): AxisPoint[][] {
  return axes.reduce<AxisPoint[][]>(
    (found, { points }) => found.flatMap((before) => points.map((point) => [...before, point])),
    [[]],
  );
}

function plannedRun(base: FileValues, axes: readonly Axis[], points: readonly AxisPoint[]): PlannedRun {
  const given = new Map([...base, ...points.flatMap(({ values }) => [...values])]);
  const values = new Map([...defaults, ...evaluationOf(given), ...given]);
  const labels = points.map(({ label }) => label);
  const config = flagsToml(new Map([...values].filter(([flag]) => isOfRun(flag))));
  const part = folderPart(axes.map(({ name }, i) => `${name}=${labels[i]}`).join(",")).slice(0, 60);
  return { name: `${part}-${digestOf(config).slice(0, 8)}`, labels, values, config, batch: batchOf(values) };
}

/** A few evaluations, the last at the end, if the settings ask for none: runs are compared by them. */
function evaluationOf(given: FileValues): FileValues {
  const isAsked = ["eval_every_n_steps", "early_stop", "keep", "recipe"].some((flag) =>
    given.has(flag as keyof typeof trainFileTable),
  );
  if (isAsked) return new Map();
  const steps = Number(given.get("max_train_steps") ?? trainFileTable.max_train_steps.default);
  return new Map([["eval_every_n_steps", given.has("max_train_epochs") ? 20 : intervalOf(steps)]]);
}

/** Steps between evaluations, for 4 to 12 of them after the first; a divisor of all steps where possible. */
function intervalOf(steps: number): number {
  for (let count = 4; count <= 12; count++) if (steps % count === 0) return steps / count;
  return Math.max(1, Math.round(steps / 4));
}

/** Whether a flag affects the result of a run, not only speed or display. */
function isOfRun(flag: keyof typeof trainFileTable): boolean {
  const { effect } = trainFileTable[flag];
  return effect !== "speed" && effect !== "display";
}

const batchTitles = ["Model", "Images", "Captions", "Noise and timesteps"];
const batchFlags = new Set(
  trainGroups.filter(({ title }) => batchTitles.includes(title)).flatMap(({ options }) => Object.keys(options)),
);

function batchOf(values: FileValues): string {
  return JSON.stringify([...values].filter(([flag]) => flag === "seed" || batchFlags.has(flag)).sort());
}

/** The settings of a run in its folder. state: to resume from. @throws any error in the settings */
export function settingsOfRun(
  { values, name, labels }: PlannedRun,
  folder: string,
  state?: string,
): Promise<Checked<TrainSettings>> {
  const own = new Map<keyof typeof trainFileTable, string | boolean>([
    ["output_dir", path.join(folder, name)],
    ["overwrite", true],
    ["save_state_on_train_end", true],
    ...(state === undefined ? [] : [["resume", state] as const]),
  ]);
  return readTrainFlags(new Map([...values, ...own])).catch((error: unknown) => {
    if (!(error instanceof CoinageError) || labels.length === 0) throw error;
    const { code, message, where, hint } = error;
    throw new CoinageError(code, message, {
      where: [where, `run ${labels.join(", ")}`].filter(Boolean).join("\n  "),
      ...(hint !== undefined && { hint }),
      cause: error,
    });
  });
}
