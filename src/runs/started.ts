import { rm } from "node:fs/promises";
import { z } from "zod";
import { lifeOf, processOf, readEarlierFile, writeFileAtomically } from "../files/index.ts";
import type { ProcessEnd } from "./cause.ts";
import { waitingCommands } from "./control.ts";
import type { RunPlaces } from "./folder.ts";
import type { ProblemData } from "./journal/events.ts";
import { readStanding } from "./journal/standing.ts";

// Notes by the parent of a run's process: the process itself can write nothing before it has opened the run, nor after its death.

const owner = z.object({ place: z.string(), pid: z.int(), start: z.string() });
const problemData = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() });
const markSchema = z.object({
  /** Number of the last event. */
  seq: z.int(),
  /** Ids of waiting commands. */
  commands: z.array(z.string()),
});

/** Events and commands of a run when a process was started for it: later ones are from that process, or for it. Not a time, since clocks may be set. */
export type StartMark = Readonly<z.infer<typeof markSchema>>;

/** The mark of a run now. */
export async function startMark(places: RunPlaces): Promise<StartMark> {
  const { digest } = await readStanding(places.journal);
  return { seq: digest.seq, commands: await waitingCommands(places) };
}

const startSchema = z.object({
  mark: markSchema,
  process: owner.optional(),
  /** Why no process could be started. */
  problem: problemData.optional(),
});

/** A process that was started for a run and has not opened it. */
export interface FoundStart {
  readonly mark: StartMark;
  readonly isAlive: boolean;
  /** Why it has not, if it is gone. */
  readonly problem: ProblemData | undefined;
}

/** Notes that a process was started for a run: the run is starting until the process opens it or ends. mark: taken before the start. */
export async function noteStart({ start }: RunPlaces, mark: StartMark, pid: number): Promise<void> {
  // without a place, a process counts as gone
  const process = processOf(pid) ?? { place: "", pid, start: "" };
  await writeFileAtomically(start, `${JSON.stringify({ mark, process })}\n`);
}

/** Notes that no process could be started for a run, and why. */
export async function noteFailedStart({ start }: RunPlaces, mark: StartMark, problem: ProblemData): Promise<void> {
  await writeFileAtomically(start, `${JSON.stringify({ mark, problem })}\n`);
}

/** Removes the note of a start: the run was opened, or is to wait. */
export async function forgetStart({ start }: RunPlaces): Promise<void> {
  await rm(start, { force: true }).catch(() => {});
}

/** The noted start of a run, if any. */
export async function lookAtStart(places: RunPlaces): Promise<FoundStart | undefined> {
  const bytes = await readEarlierFile(places.start);
  const noted = bytes && startSchema.safeParse(parsed(bytes)).data;
  if (!noted) return undefined;
  const { mark, process, problem } = noted;
  if (!process) return { mark, isAlive: false, problem };
  // a process on another machine cannot be checked: it counts as alive
  const isAlive = process.place !== "" && lifeOf(process) !== "gone";
  return { mark, isAlive, problem: isAlive ? undefined : unopened(await readExit(places, process.pid)) };
}

function unopened(end: ProcessEnd | undefined): ProblemData {
  const how = end?.signal ? ` by ${end.signal}` : typeof end?.code === "number" ? ` with exit code ${end.code}` : "";
  return {
    code: "RUN_NOT_STARTED",
    message: `Its process ended${how} before it had opened the run.`,
    hint: "What it said last tells why. Resume tries again.",
  };
}

const exitSchema = z.object({ pid: z.int(), code: z.int().nullish(), signal: z.string().max(20).nullish() });

/** Notes how the process of a run ended. Its parent calls this, since the process no longer can. */
export async function noteExit({ exit }: RunPlaces, pid: number, { code, signal }: ProcessEnd): Promise<void> {
  await writeFileAtomically(exit, `${JSON.stringify({ pid, code, signal })}\n`);
}

/** How a process of a run ended, if its parent noted it. */
export async function readExit({ exit }: RunPlaces, pid: number | undefined): Promise<ProcessEnd | undefined> {
  const bytes = await readEarlierFile(exit);
  const noted = bytes && exitSchema.safeParse(parsed(bytes)).data;
  // a note with another pid is of an earlier process
  return noted && noted.pid === pid ? noted : undefined;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
