import type { ReportEvent } from "../report/index.ts";
import type { Reporter } from "./reporter.ts";
import { Talk } from "./talk.ts";
import type { Terminal } from "./terminal.ts";
import { downloadLine, drawingLine } from "./texts.ts";

/** Shows people what `coinage report` does, and what it finds. */
export function pageReport(terminal: Terminal): Reporter<ReportEvent> {
  const talk = new Talk(terminal);
  return {
    report(event) {
      switch (event.kind) {
        case "download":
          return talk.progress(downloadLine(event), event.doneBytes === event.totalBytes);
        case "drawing":
          return talk.progress(drawingLine(event), event.done === event.total);
        case "warning":
          return talk.warn(`warning: ${event.message}`);
        case "report":
          talk.settle();
          talk.say(event.report.verdict.sentence);
          if (event.report.strip.missing !== undefined) talk.say(event.report.strip.missing);
          return talk.result(event.file);
      }
    },
    close: () => talk.settle(),
  };
}
