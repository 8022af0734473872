import type { CurvesOf, Entry, RunAbout } from "../../../runs/index.ts";
import type { KnownEvaluation } from "../../../verdict/index.ts";
import { type KnownCurves, refreshed, withEvaluation, withoutLater, withStep } from "./curves.ts";
import { type Drawing, drawingAfter, noDrawing } from "./drawing.ts";
import { type Sharing, sharingAfter } from "./sharing.ts";

type OfKind<Kind extends Entry["kind"]> = Extract<Entry, { readonly kind: Kind }>;

/** A sample image of a run. */
export type RunSample = RunAbout["samples"][number];

/** The progress of a run at its last step. */
interface Pace {
  readonly step: number;
  readonly steps: number;
  readonly loss: number | null;
  readonly averageLoss: number | null;
  readonly samplesPerSecond: number;
  readonly remainingSeconds: number;
}

/** Events shown as messages. */
export type RunMessage = OfKind<
  "warning" | "answer" | "saved" | "stopping" | "opened" | "closed" | "choice" | "initWord"
>;

/** A requested image. */
export interface AskedImage {
  /** Id of the command. */
  readonly id: string;
  /** Without its options. */
  readonly prompt: string;
}

/** The page's state of a run, besides its row. */
export interface RunView {
  /** Number of the last event applied. */
  readonly seq: number;
  readonly about: RunAbout;
  readonly curves: KnownCurves;
  /** The run's summary in its last `start` event. */
  readonly start: OfKind<"start">["run"] | undefined;
  readonly pace: Pace | undefined;
  /** On the frozen batch. */
  readonly evaluations: readonly KnownEvaluation[];
  readonly messages: readonly RunMessage[];
  /** Current activity besides training, such as caching latents or drawing an image. */
  readonly doing: OfKind<"caching" | "sampling" | "drawing" | "tryingWords"> | undefined;
  /** Requested images that are not drawn yet, in order. */
  readonly asked: readonly AskedImage[];
  readonly drawing: Drawing;
  /** Its workers, if it is shared. */
  readonly sharing: Sharing | undefined;
  /** Step of the state from which the run would resume. */
  readonly keptStep: number | undefined;
  /** Parts read later than `seq`, with the number of the last event they contain. */
  readonly read: { readonly curves: number; readonly messages: number };
}

/** Most messages kept. */
const mostMessages = 500;

/** The view of a run as read: first `about`, then the curves, then the messages, so that later parts miss nothing that earlier ones contain. */
export function openView(
  about: RunAbout,
  curves: { readonly seq: number; readonly curves: CurvesOf },
  entries: readonly Entry[],
): RunView {
  const nothing: RunView = {
    ...{ seq: 0, about, start: undefined, pace: undefined, doing: undefined, keptStep: undefined },
    ...{ curves: { of: {}, isSparse: false }, evaluations: [], messages: [], read: { curves: 0, messages: 0 } },
    ...{ asked: [], drawing: noDrawing, sharing: undefined },
  };
  const told = entries.reduce(withMessage, nothing);
  return {
    ...told,
    about,
    seq: about.seq,
    curves: { of: curves.curves, isSparse: false },
    read: { curves: curves.seq, messages: Math.max(curves.seq, entries.at(-1)?.seq ?? 0) },
  };
}

/** The view after an event of the run. Known events change nothing. */
export function takeEntry(view: RunView, entry: Entry): RunView {
  if (entry.seq <= view.seq) return view;
  const { read } = view;
  const withNumbers = entry.seq > read.curves ? { ...view, curves: curvesAfter(view.curves, entry) } : view;
  const told = entry.seq > read.messages ? withMessage(withNumbers, entry) : withNumbers;
  return { ...told, about: aboutAfter(told.about, entry), seq: entry.seq };
}

/** The view with curves that were read again. */
export function takeCurves(
  view: RunView,
  { seq, curves }: { readonly seq: number; readonly curves: CurvesOf },
): RunView {
  return {
    ...view,
    curves: refreshed(view.curves, curves),
    read: { ...view.read, curves: Math.max(seq, view.read.curves) },
  };
}

/** The view with `about` read again. */
export function takeAbout(view: RunView, about: RunAbout): RunView {
  return { ...view, about };
}

function curvesAfter(curves: KnownCurves, entry: Entry): KnownCurves {
  if (entry.kind === "start") return withoutLater(curves, entry.run.resumed?.step ?? 0);
  if (entry.kind === "step") return withStep(curves, entry);
  if (entry.kind === "evaluation") return withEvaluation(curves, entry.step, entry.loss);
  return curves;
}

function withMessage(view: RunView, entry: Entry): RunView {
  const { drawing, sharing } = view;
  return {
    ...toldBy(view, entry),
    drawing: drawingAfter(drawing, entry),
    sharing: sharingAfter(sharing, entry),
  };
}

function toldBy(view: RunView, entry: Entry): RunView {
  switch (entry.kind) {
    case "opened":
      return noted({ ...view, doing: undefined, pace: undefined, asked: [] }, entry);
    case "start": {
      const step = entry.run.resumed?.step ?? 0;
      return {
        ...view,
        start: entry.run,
        doing: undefined,
        keptStep: entry.run.resumed?.step,
        evaluations: view.evaluations.filter((one) => one.step <= step),
      };
    }
    case "step": {
      const { step, steps, loss, averageLoss, samplesPerSecond, remainingSeconds } = entry;
      return {
        ...view,
        doing: undefined,
        pace: { step, steps, loss, averageLoss, samplesPerSecond, remainingSeconds },
      };
    }
    case "evaluation": {
      const { step, loss, drop, dropError, itemLosses } = entry;
      const evaluation = { step, loss, drop, dropError, itemLosses };
      return { ...view, evaluations: [...view.evaluations.filter((one) => one.step < step), evaluation] };
    }
    case "caching":
    case "sampling":
    case "drawing":
    case "tryingWords":
      return { ...view, doing: entry };
    case "sample":
    case "report":
      return { ...view, doing: undefined };
    case "kept":
    case "stateSaved":
      return { ...view, keptStep: entry.step };
    case "closed":
      return noted({ ...view, doing: undefined, asked: [] }, entry);
    case "asked": {
      const { id, prompt } = entry;
      return { ...view, asked: [...view.asked, { id, prompt: withoutOptions(prompt) }] };
    }
    case "answer": {
      const asked = view.asked.filter(({ id }) => id !== entry.id);
      return noted(entry.command === "sample" ? { ...view, doing: undefined, asked } : view, entry);
    }
    case "warning":
    case "saved":
    case "stopping":
    case "choice":
    case "initWord":
      return noted(view, entry);
    default:
      return view;
  }
}

/** A prompt without the options of a prompt file: --w 512 --h 512 --s 20. */
function withoutOptions(prompt: string): string {
  return prompt.replace(/\s+--[a-z]+\s.*$/i, "");
}

function noted(view: RunView, message: RunMessage): RunView {
  return { ...view, messages: [...view.messages, message].slice(-mostMessages) };
}

function aboutAfter(about: RunAbout, entry: Entry): RunAbout {
  if (entry.kind === "report") return { ...about, report: true };
  if (entry.kind === "sample") {
    const { step, prompt, seed, width, height } = entry;
    const sample = { name: baseName(entry.file), step, prompt, seed, width, height };
    return { ...about, samples: [...about.samples.filter(({ name }) => name !== sample.name), sample] };
  }
  if (entry.kind === "removed") {
    const gone = baseName(entry.file);
    return { ...about, checkpoints: about.checkpoints.filter(({ name }) => name !== gone) };
  }
  if (entry.kind === "saved") {
    const name = baseName(entry.file);
    const kind = entry.isFinal ? ("last" as const) : ("step" as const);
    const others = about.checkpoints.filter((one) => one.name !== name);
    const known = about.checkpoints.find((one) => one.name === name);
    return { ...about, checkpoints: [...others, { name, step: entry.step, kind, bytes: known?.bytes ?? 0 }] };
  }
  return about;
}

/** The last part of a path, which may come from another operating system. */
function baseName(file: string): string {
  return file.split(/[/\\]/).at(-1)!;
}

/** The images of one prompt and seed, in the order of their steps. */
export interface Strip {
  readonly prompt: string;
  readonly seed: number;
  readonly samples: readonly RunSample[];
}

/** The samples of a run by prompt and seed, which are comparable. A repeated step shows its last image. */
export function sampleStrips(samples: readonly RunSample[]): Strip[] {
  const strips = new Map<string, { prompt: string; seed: number; of: Map<number, RunSample> }>();
  for (const sample of samples) {
    const { prompt, seed, step } = sample;
    const key = `${seed} ${prompt}`;
    const strip = strips.get(key) ?? { prompt, seed, of: new Map() };
    strip.of.set(step, sample);
    strips.set(key, strip);
  }
  return [...strips.values()].map(({ prompt, seed, of }) => ({
    ...{ prompt, seed },
    samples: [...of.values()].sort((a, b) => a.step - b.step),
  }));
}
