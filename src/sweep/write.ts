import path from "node:path";
import { writeFileAtomically } from "../files/index.ts";
import { flagsToml } from "../options/index.ts";
import type { Sweep } from "./file.ts";
import { renderSweep } from "./page.ts";
import type { PlannedRun } from "./plan.ts";
import type { RunResult } from "./result.ts";
import { type AxisEffect, effectsOf, type SweepRow, sortedRows } from "./table.ts";

/** The results of a sweep so far. */
export interface Standing {
  readonly rows: readonly SweepRow[];
  readonly effects: readonly AxisEffect[];
}

export function standingOf(
  { axes }: Sweep,
  runs: readonly PlannedRun[],
  results: readonly (RunResult | undefined)[],
): Standing {
  return { rows: sortedRows(runs, results), effects: effectsOf(axes, runs, results) };
}

/** Writes sweep.json. @throws OUTPUT_UNWRITABLE */
export async function writeSweepData(folder: string, sweep: Sweep, standing: Standing): Promise<string> {
  const file = path.join(folder, "sweep.json");
  await writeFileAtomically(file, `${JSON.stringify(sweepData(sweep, standing), undefined, 1)}\n`);
  return file;
}

/** Writes sweep.html. @throws OUTPUT_UNWRITABLE */
export async function writeSweepPage(folder: string, sweep: Sweep, standing: Standing): Promise<string> {
  const file = path.join(folder, "sweep.html");
  const axes = sweep.axes.map(({ name }) => name);
  await writeFileAtomically(file, await renderSweep({ name: sweep.name, axes, folder, ...standing }));
  return file;
}

/** A sweep as plain data: the contents of sweep.json. */
export function sweepData({ name, base, axes }: Sweep, { rows, effects }: Standing): object {
  const names = axes.map((axis) => axis.name);
  return {
    format: "coinage-sweep-1",
    name,
    base: flagsToml(base),
    axes: axes.map((axis) => ({ name: axis.name, points: axis.points.map(({ label }) => label) })),
    runs: rows.map(({ run, result, relative }) => {
      const { schema, config, ...rest } = result ?? {};
      const place = Object.fromEntries(names.map((axis, i) => [axis, run.labels[i]]));
      return { folder: run.name, axes: place, ...rest, ...(relative !== undefined && { relative }) };
    }),
    effects,
  };
}
