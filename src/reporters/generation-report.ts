import { familyNames } from "../checkpoint/index.ts";
import type { BatchStepEvent, GenerationRunEvent } from "../generation/index.ts";
import { entry } from "./entry.ts";
import { clockText, durationText, plural } from "./numbers.ts";
import type { Reporter } from "./reporter.ts";
import { Talk } from "./talk.ts";
import { paints, type Terminal } from "./terminal.ts";
import { type CountedWarning, summaryOfWarnings, warningLine } from "./warnings.ts";

type Event<Kind extends GenerationRunEvent["kind"]> = Extract<GenerationRunEvent, { readonly kind: Kind }>;

/** Tells people how far drawing is, and which pictures were written. */
export function generationReport(terminal: Terminal): Reporter<GenerationRunEvent> {
  const talk = new Talk(terminal);
  const paint = paints(terminal);
  const warnings: CountedWarning[] = [];
  let startMs = terminal.now();
  return {
    report(event) {
      switch (event.kind) {
        case "model":
          return talk.say(...modelLines(event));
        case "embedding":
          return talk.say(entry("word", `${event.word}: ${plural(event.tokens.length, "vector")} of ${event.file}`));
        case "warning":
          warnings.push({ ...event, count: 1 });
          return talk.say(paint.warn(warningLine(event)));
        case "start":
          startMs = terminal.now();
          return talk.say(
            entry("device", event.device),
            entry("pictures", `${event.pictures}, to ${event.folder}`),
            "",
          );
        case "step":
          return talk.progress(stepLine(event, (terminal.now() - startMs) / 1000), false);
        case "saved":
          return talk.result(event.file);
        case "done":
          talk.clear();
          return talk.say(
            ...summaryOfWarnings(warnings),
            `${plural(event.files.length, "picture")} in ${durationText(event.seconds)}`,
          );
      }
    },
    close: () => talk.settle(),
  };
}

function modelLines({ path, family, predictionType, predictionReason }: Event<"model">): string[] {
  const predicts = predictionType === "epsilon" ? "noise" : "velocity";
  return [entry("model", path), entry("", `${familyNames[family]}, predicts ${predicts} (${predictionReason})`)];
}

function stepLine(event: BatchStepEvent, elapsedSeconds: number): { wide: string; plain: string } {
  const { picture, inBatch, pictures, step, steps, stage } = event;
  const last = picture + inBatch - 1;
  const done = picture - 1 + (inBatch * step) / steps;
  const left = clockText((elapsedSeconds * (pictures - done)) / done);
  const which = `${inBatch > 1 ? `pictures ${picture} to ${last}` : `picture ${picture}`} of ${pictures}`;
  const line = `${which}${stage === "first" ? ", small" : ""}: step ${step}/${steps}, ${left} left`;
  return { wide: line, plain: line };
}
