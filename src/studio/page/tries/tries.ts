import type { RunAbout } from "../../../runs/index.ts";
import type { Problem } from "../../http/problems.ts";
import type { Try } from "../../using/tries/rows.ts";

/** Size, steps and guidance of all pictures of a comparison. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidance: number;
}

/** A wanted picture. checkpoint: its file; "start": the init word instead of the word; "now": the current vectors of a run in progress. */
export interface Cell {
  readonly checkpoint: string;
  readonly prompt: string;
  readonly seed: number;
}

/** The state of a cell. none: only the run could have drawn it, and did not. */
export type CellView =
  | { readonly state: "done"; readonly kind: "tries" | "samples"; readonly name: string }
  | { readonly state: "waiting" | "drawing" }
  | { readonly state: "failed"; readonly problem: Problem | undefined }
  | { readonly state: "missing" | "none" };

/** Finds the tries of cells. */
export function viewsOf(tries: readonly Try[], drawing: Drawing): (cell: Cell) => CellView {
  const known = new Map(tries.filter((one) => isDrawnAs(one, drawing)).map((one) => [keyOf(one), one]));
  return (cell) => {
    const found = known.get(keyOf(cell));
    if (found?.state === "done" && found.file !== undefined) return { state: "done", kind: "tries", name: found.file };
    if (found?.state === "waiting" || found?.state === "drawing") return { state: found.state };
    return found ? { state: "failed", problem: found.problem } : { state: "missing" };
  };
}

/** Finds the run's own samples of cells. The run draws with a different sampler and noise than tries, so the two are not compared. */
export function sampleViewsOf({
  checkpoints,
  samples,
}: Pick<RunAbout, "checkpoints" | "samples">): (cell: Cell) => CellView {
  const drawn = new Map(samples.map((one) => [`${one.step}\n${one.seed}\n${one.prompt}`, one.name]));
  // averaged vectors are not the state of any step
  const steps = new Map(checkpoints.filter(({ kind }) => kind !== "average").map(({ name, step }) => [name, step]));
  return ({ checkpoint, seed, prompt }) => {
    const name = drawn.get(`${checkpoint === "start" ? 0 : steps.get(checkpoint)}\n${seed}\n${prompt}`);
    return name === undefined ? { state: "none" } : { state: "done", kind: "samples", name };
  };
}

function isDrawnAs(one: Drawing, wanted: Drawing): boolean {
  return (["width", "height", "steps", "guidance"] as const).every((key) => one[key] === wanted[key]);
}

function keyOf({ checkpoint, prompt, seed }: Cell): string {
  return `${checkpoint}\n${seed}\n${prompt}`;
}

/** Tries updated by newer ones, without cancelled ones. */
export function withTries(before: readonly Try[], newer: readonly Try[]): readonly Try[] {
  const all = new Map([...before, ...newer].map((one) => [`${one.id} ${one.checkpoint}`, one]));
  return [...all.values()].filter(({ state }) => state !== "cancelled");
}

/** Every picture once, unfinished ones first, then the newest. */
export function newestFirst(tries: readonly Try[]): readonly Try[] {
  const each = [...new Map(tries.map((one) => [one.id, one])).values()];
  return each.sort((a, b) => doneAt(b) - doneAt(a));
}

function doneAt({ state, atMs = 0 }: Try): number {
  return state === "done" ? atMs : Number.POSITIVE_INFINITY;
}

/** Expected seconds for `pictures`, from the times of earlier tries; undefined before the first. Proportional to steps and pixels; by the median, since the first
 *  try also loads the model. */
export function expectedSeconds(tries: readonly Try[], pictures: number, drawing: Drawing): number | undefined {
  const costs = tries
    .flatMap((one) => (one.seconds === undefined ? [] : [one.seconds / workOf(one)]))
    .sort((a, b) => a - b);
  const median = costs[costs.length >> 1];
  return median === undefined ? undefined : median * workOf(drawing) * pictures;
}

function workOf({ width, height, steps }: Drawing): number {
  return width * height * steps;
}

/** Valid values for drawing. */
export const limits: Readonly<
  Record<keyof Drawing, { readonly min: number; readonly max: number; readonly step: number }>
> = {
  width: { min: 64, max: 2048, step: 8 },
  height: { min: 64, max: 2048, step: 8 },
  steps: { min: 1, max: 150, step: 1 },
  guidance: { min: 0, max: 30, step: 0.5 },
};

/** Whether a value is valid for drawing. */
export function isDrawable(name: keyof Drawing, value: number): boolean {
  const { min, max } = limits[name];
  const isWhole = name === "guidance" || value % limits[name].step === 0;
  return isWhole && value >= min && value <= max;
}

/** Default values for drawing, in the size of the run's last sample or else its resolution. */
export function usualDrawing({ samples, settings }: Pick<RunAbout, "samples" | "settings">): Drawing {
  const last = samples.at(-1);
  const [width = 512, height = width] = String(settings.resolution ?? "")
    .split(",")
    .flatMap((part) => (Number(part) >= 64 ? [Math.round(Number(part) / 8) * 8] : []));
  return { width: last?.width ?? width, height: last?.height ?? height, steps: 20, guidance: 7.5 };
}
