import type { Entry, RunAbout } from "../../../runs/index.ts";

/** The cost of drawing in a run since its start or a change of the interval; times in milliseconds by the clock of its process. */
export interface Drawing {
  readonly images: number;
  readonly ms: number;
  /** Time of that start or change. */
  readonly since: number | undefined;
  /** Time from `since` to the last event. */
  readonly runMs: number;
  /** When the current image was begun. */
  readonly begun: number | undefined;
  /** Steps between images if set by a command; 0: none are drawn. */
  readonly every: number | undefined;
}

export const noDrawing: Drawing = {
  ...{ images: 0, ms: 0, since: undefined, runMs: 0, begun: undefined, every: undefined },
};

/** The cost of drawing after an event. Unknown in journals without `upMs`. */
export function drawingAfter(drawing: Drawing, entry: Entry): Drawing {
  const { upMs } = entry;
  if (entry.kind === "start") return { ...noDrawing, every: drawing.every, since: upMs };
  if (entry.kind === "answer" && entry.command === "set" && entry.problem === undefined)
    return { ...noDrawing, every: entry.sampleEvery ?? drawing.every, since: upMs };
  if (upMs === undefined || drawing.since === undefined) return drawing;
  const now = { ...drawing, runMs: upMs - drawing.since };
  if (entry.kind === "sampling") return { ...now, begun: upMs };
  if (entry.kind !== "sample") return now;
  return { ...now, images: now.images + 1, ms: now.ms + upMs - (now.begun ?? upMs), begun: undefined };
}

/** Share of a run's time above which drawing causes a warning. */
const muchDrawing = 0.3;
/** Share of the time that drawing should take with the suggested interval. */
const wantedShare = 0.1;
/** Fewest images drawn before their cost is judged. */
const leastImages = 4;

/** If drawing takes much of a run's time: its share, and a suggested interval in steps. */
export function slowDrawing({
  drawing: { images, ms, runMs, every: told },
  about: { record, settings },
}: {
  readonly drawing: Drawing;
  readonly about: Pick<RunAbout, "record" | "settings">;
}): { readonly share: number; readonly every: number } | undefined {
  const share = runMs > 0 ? ms / runMs : 0;
  const every = told ?? record.sampleEvery ?? Number(settings.sample_every_n_steps);
  if (images < leastImages || share < muchDrawing || !(every > 0)) return undefined;
  // drawing costs share / (1 - share) of the training time
  const factor = (share / (1 - share)) * ((1 - wantedShare) / wantedShare);
  return { share, every: Math.ceil(factor) * every };
}
