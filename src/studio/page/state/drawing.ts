import type { Entry, RunAbout } from "../../../runs/index.ts";

/** What drawing costs a run, since a process opened it or was told to draw less often; times in milliseconds by the clock of that process. */
export interface Drawing {
  readonly images: number;
  readonly ms: number;
  /** When that was. */
  readonly since: number | undefined;
  /** From then to the last event. */
  readonly runMs: number;
  /** When the image that is being drawn was begun. */
  readonly begun: number | undefined;
  /** Steps between images, where it was told to draw more or less often than its settings say; 0: none are drawn. */
  readonly every: number | undefined;
}

export const noDrawing: Drawing = {
  ...{ images: 0, ms: 0, since: undefined, runMs: 0, begun: undefined, every: undefined },
};

/** What drawing costs after an event. Journals without a clock that nobody sets tell nothing of it. */
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

/** Share of a run's time that drawing may take before it is said. */
const muchDrawing = 0.3;
/** Drawing may take this share of the time when it is done less often. */
const wantedShare = 0.1;
/** Images that have to be drawn before their cost is judged. */
const leastImages = 4;

/** Where drawing takes much of a run's time: how much, and after how many steps it would have to draw to take little. */
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
  // drawing now costs share / (1 - share) of the training beside it
  const factor = (share / (1 - share)) * ((1 - wantedShare) / wantedShare);
  return { share, every: Math.ceil(factor) * every };
}
