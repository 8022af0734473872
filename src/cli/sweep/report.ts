import { durationText, plural } from "../../errors/index.ts";
import { type Reporter, Talk, type Terminal } from "../../reporters/index.ts";
import { effectText, gainOf, percent, type SweepEvent, type SweepRow } from "../../sweep/index.ts";

type Event<Kind extends SweepEvent["kind"]> = Extract<SweepEvent, { readonly kind: Kind }>;

/** Shows the events of a sweep, and its table at the end. isJson: the table as one line of JSON. */
export function sweepReport(terminal: Terminal, isJson: boolean): Reporter<SweepEvent> {
  const talk = new Talk(terminal);
  const running = new Map<string, string>();
  return {
    report(event) {
      switch (event.kind) {
        case "warning":
          return talk.warn(`warning: ${event.message}`);
        case "sweep":
          return talk.say(
            `${plural(event.runs, "run")} in ${event.folder}${event.done > 0 ? `, ${event.done} done earlier` : ""}`,
          );
        case "begin":
          return talk.say(`${nameOf(event)}: begins${event.by === undefined ? "" : ` on ${event.by}`}`);
        case "progress": {
          running.set(event.run, `${event.run}: step ${event.step}/${event.steps}`);
          const line = [...running.values()].join("  ");
          return talk.progress({ screen: [line, running.get(event.run)!], plain: line }, false);
        }
        case "ended":
          running.delete(event.run);
          if (running.size === 0) talk.clear();
          return talk.say(`${event.done}/${event.total}  ${nameOf(event)}: ${outcomeOf(event)}`);
        case "again":
          return talk.warn(`${event.run} is given out once more: ${event.why}`);
        case "worker":
          return talk.say(
            `worker ${event.worker} ${workerStates[event.state]}${event.why === undefined ? "" : `: ${event.why}`}`,
          );
        case "queue":
          return event.isUp ? talk.say("the queue is back") : talk.warn(`the queue is out of reach: ${event.why}`);
        case "table":
          talk.clear();
          talk.result(...(isJson ? [JSON.stringify(event.data)] : tableLines(event)));
          return talk.say(`report: ${event.files.page}`, `data: ${event.files.data}`);
      }
    },
    close: () => talk.settle(),
  };
}

const workerStates = { joined: "is there", left: "is gone", refused: "is not used" } as const;

function nameOf({ run, labels }: { readonly run: string; readonly labels: readonly string[] }): string {
  return labels.join(", ") || run;
}

function outcomeOf({ result: { outcome, figures, problem } }: Event<"ended">): string {
  if (problem)
    return `failed: ${problem.code}  ${problem.message}${problem.hint === undefined ? "" : ` ${problem.hint}`}`;
  if (!figures) return outcome;
  return `loss ${figures.loss.toPrecision(4)}, ${percent(-gainOf(figures))} since the start. ${figures.verdict.sentence}`;
}

/** The table, and the effects of each axis. */
function tableLines({ axes, rows, effects }: Event<"table">): string[] {
  const head = [...axes, "loss", "to others", "fall", "length", "time", "verdict"];
  return [
    ...aligned([head, ...rows.map(cellsOf)]),
    ...effects.flatMap(({ axis, points }) => [
      "",
      `${axis}, all else equal:`,
      ...aligned(
        points.map(({ label, loss, gain }) => [
          `  ${label}`,
          ...(loss ? [`loss ${effectText(loss)}`] : []),
          `fall ${effectText(gain)}`,
        ]),
      ),
    ]),
  ];
}

function cellsOf({ run, result, relative }: SweepRow): string[] {
  const { figures, problem, outcome } = result ?? {};
  if (!figures) return [...run.labels, "", "", "", "", "", problem?.code ?? outcome ?? "not begun"];
  return [
    ...run.labels,
    figures.loss.toPrecision(4),
    relative === undefined ? "" : percent(relative),
    `${percent(gainOf(figures))} ± ${((100 * figures.dropError) / figures.startLoss).toFixed(1)}`,
    figures.length?.toPrecision(2) ?? "",
    durationText(result?.seconds ?? 0),
    figures.verdict.kind,
  ];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}
