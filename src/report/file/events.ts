import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import { hintOfMissing, kindOfPath, readRegularTextFile } from "../../files/index.ts";
import type { ReportData } from "../data.ts";

/** The data of a report from a file of events (`--events`). */
export interface KnownFromEvents {
  readonly curves: ReportData["curves"];
  readonly evaluations: ReportData["evaluations"];
  readonly run: ReportData["run"];
  readonly initWord: string | undefined;
}

const number = z.number().nullable().default(null);
const numbers = z.array(z.number().nullable()).default([]);
const known = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("start"),
    run: z.object({ device: z.string(), steps: z.int(), initWord: z.string().optional() }),
  }),
  z.object({ kind: z.literal("step"), step: z.int(), loss: number, rowNorms: numbers, rowDistances: numbers }),
  z.object({
    kind: z.literal("evaluation"),
    ...{ step: z.int(), loss: number, drop: number, dropError: number, itemLosses: numbers },
  }),
  z.object({
    kind: z.literal("done"),
    ...{ step: z.int(), seconds: z.number(), isInterrupted: z.boolean(), failure: z.string().optional() },
  }),
]);

type Known = z.infer<typeof known>;
type Of<Kind extends Known["kind"]> = Extract<Known, { kind: Kind }>;

/** Most points of a curve. */
const mostPoints = 240;

/** Reads the course of a run from its events, one line of JSON each; ignores other lines and events.
 *  @throws FILE_NOT_FOUND, FILE_UNREADABLE if there are no step events */
export async function readEvents(file: string): Promise<KnownFromEvents> {
  const where = `--events ${file}`;
  if ((await kindOfPath(file)) === "nothing")
    throw new CoinageError("FILE_NOT_FOUND", `The file of events ${file} does not exist.`, {
      where,
      ...hintOfMissing(file),
    });
  const refusal = { code: "FILE_UNREADABLE", subject: `The file of events ${file}`, where } as const;
  const events = eventsIn(await readRegularTextFile(file, "eventsFile", refusal));
  const steps = ofKind(events, "step");
  if (steps.length === 0)
    throw new CoinageError("FILE_UNREADABLE", `${file} has no event of a training step.`, {
      where,
      hint: "Give the file that train has written with --events.",
    });
  const [start, done] = [ofKind(events, "start").at(-1)?.run, ofKind(events, "done").at(-1)];
  const last = steps.at(-1)!.step;
  return {
    curves: curvesOf(steps),
    evaluations: ofKind(events, "evaluation").map(({ kind, ...evaluation }) => evaluation),
    run: start && {
      steps: done?.step ?? last,
      plannedSteps: start.steps,
      seconds: done?.seconds ?? 0,
      isInterrupted: done?.isInterrupted ?? last < start.steps,
      failure: done?.failure,
      device: start.device,
    },
    initWord: start?.initWord,
  };
}

function eventsIn(text: string): Known[] {
  return text.split("\n").flatMap((line) => {
    try {
      return known.safeParse(JSON.parse(line)).data ?? [];
    } catch {
      return [];
    }
  });
}

function ofKind<Kind extends Known["kind"]>(events: readonly Known[], kind: Kind): Of<Kind>[] {
  return events.filter((event): event is Of<Kind> => event.kind === kind);
}

/** Curves with a bounded number of points: losses are means over a group of steps, other values those of its last step. */
function curvesOf(steps: readonly Of<"step">[]): ReportData["curves"] {
  const each = Math.ceil(steps.length / mostPoints);
  const groups = Array.from({ length: Math.ceil(steps.length / each) }, (_, i) =>
    steps.slice(i * each, (i + 1) * each),
  );
  const ends = groups.map((group) => group.at(-1)!);
  const rows = ends[0]!.rowNorms.length;
  const perRow = (pick: (step: Of<"step">) => readonly (number | null)[]) =>
    Array.from({ length: rows }, (_, row) => ends.map((step) => pick(step)[row] ?? null));
  return {
    steps: ends.map(({ step }) => step),
    loss: groups.map((group) => {
      const losses = group.flatMap(({ loss }) => loss ?? []);
      return losses.length === 0 ? null : losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    }),
    norms: perRow(({ rowNorms }) => rowNorms),
    angles: [],
    distances: perRow(({ rowDistances }) => rowDistances),
  };
}
