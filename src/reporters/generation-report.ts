import { familyNames } from "../checkpoint/index.ts";
import { durationText, plural } from "../errors/index.ts";
import type { BatchStepEvent, GenerationRunEvent } from "../generation/index.ts";
import type { Reporter } from "./reporter.ts";
import { type Progress, Talk } from "./talk.ts";
import type { Terminal } from "./terminal.ts";
import { type CountedWarning, clockText, downloadLine, entry, summaryOfWarnings, warningLine } from "./texts.ts";

type Event<Kind extends GenerationRunEvent["kind"]> = Extract<GenerationRunEvent, { readonly kind: Kind }>;

/** Shows people the model and words of a generation run, its progress, and the images written.
 *  isBrief: only progress and warnings. */
export function generationReport(terminal: Terminal, { isBrief = false } = {}): Reporter<GenerationRunEvent> {
  const talk = new Talk(terminal);
  const warnings: CountedWarning[] = [];
  let startMs = terminal.now();
  return {
    report(event) {
      switch (event.kind) {
        case "start":
        case "prompt":
          startMs = terminal.now();
          break;
        case "preview":
        case "previewImages":
        case "image":
          return;
        case "asking":
          talk.clear();
          return terminal.ask("prompt: ");
        case "download":
          return talk.progress(downloadLine(event), event.doneBytes === event.totalBytes);
        case "step":
          return talk.progress(stepLine(event, (terminal.now() - startMs) / 1000), false);
        case "warning":
          warnings.push({ ...event, count: 1 });
          return talk.warn(warningLine(event));
        case "saved":
        case "sheet":
          return isBrief ? undefined : talk.result(event.file);
        case "done":
          talk.clear();
      }
      if (!isBrief) talk.say(...linesOf(event, warnings));
    },
    close: () => talk.settle(),
  };
}

type Told = Event<"model" | "embedding" | "start" | "prompt" | "done">;

function linesOf(event: Told, warnings: readonly CountedWarning[]): string[] {
  switch (event.kind) {
    case "model":
      return modelLines(event);
    case "embedding":
      return [entry("word", `${event.word}: ${plural(event.tokens.length, "vector")} from ${event.file}`)];
    case "start":
      return [
        entry("device", event.device),
        entry("images", `${event.pictures ?? "one prompt at a time"}, to ${event.folder}`),
        "",
      ];
    case "prompt":
      return [entry(event.seeds.length > 1 ? "seeds" : "seed", event.seeds.join(", "))];
    case "done":
      return [
        ...summaryOfWarnings(warnings),
        `${plural(event.files.length, "image")} in ${durationText(event.seconds)}`,
      ];
  }
}

function modelLines({ path, family, predictionType, predictionReason }: Event<"model">): string[] {
  const predicts = predictionType === "epsilon" ? "noise" : "velocity";
  return [entry("model", path), entry("", `${familyNames[family]}, predicts ${predicts} (${predictionReason})`)];
}

function stepLine(event: BatchStepEvent, elapsedSeconds: number): Progress {
  const { picture, inBatch, pictures, step, steps, stage } = event;
  const last = picture + inBatch - 1;
  const done = picture - 1 + (inBatch * step) / steps;
  const left = clockText((elapsedSeconds * (pictures - done)) / done);
  const which = `${inBatch > 1 ? `images ${picture} to ${last}` : `image ${picture}`} of ${pictures}`;
  const line = `${which}${stage === "first" ? ", first pass" : ""}: step ${step}/${steps}, ${left} left`;
  const numbers = `${inBatch > 1 ? `${picture}-${last}` : picture}/${pictures}`;
  return { screen: [line, `${numbers}, step ${step}/${steps}, ${left} left`, `${numbers}, ${left} left`], plain: line };
}
