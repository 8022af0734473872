import { rm } from "node:fs/promises";
import { z } from "zod";
import { lifeOf, processOf, readEarlierFile, writeFileAtomically } from "../files/index.ts";
import type { ProcessEnd } from "./cause.ts";
import { waitingCommands } from "./control.ts";
import type { RunPlaces } from "./folder.ts";
import type { ProblemData } from "./journal/events.ts";
import { readStanding } from "./journal/standing.ts";

// What whoever starts the process of a run notes about it: the process itself can do so only once it has opened the run, and no more after its death.

const owner = z.object({ place: z.string(), pid: z.int(), start: z.string() });
const problemData = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() });
const markSchema = z.object({
  /** Number of the last event. */
  seq: z.int(),
  /** Ids of commands that nobody had taken. */
  commands: z.array(z.string()),
});

/** What there was of a run when a process was started for it: what comes later is of that process, or for it. Clocks may be set meanwhile. */
export type StartMark = Readonly<z.infer<typeof markSchema>>;

/** What there is of a run now. */
export async function startMark(places: RunPlaces): Promise<StartMark> {
  const { digest } = await readStanding(places.journal);
  return { seq: digest.seq, commands: await waitingCommands(places) };
}

const startSchema = z.object({
  mark: markSchema,
  process: owner.optional(),
  /** Why there is no process. */
  problem: problemData.optional(),
});

/** A process that was started for a run and has not opened it. */
export interface FoundStart {
  readonly mark: StartMark;
  readonly isAlive: boolean;
  /** Why it has not, where it is gone. */
  readonly problem: ProblemData | undefined;
}

/** Notes that a process was started for a run: until it opens the run, or ends without, the run is starting. mark: taken before it was started. */
export async function noteStart({ start }: RunPlaces, mark: StartMark, pid: number): Promise<void> {
  // one that has ended already is none that lives
  const process = processOf(pid) ?? { place: "", pid, start: "" };
  await writeFileAtomically(start, `${JSON.stringify({ mark, process })}\n`);
}

/** Notes that no process could be started for a run, and why. */
export async function noteFailedStart({ start }: RunPlaces, mark: StartMark, problem: ProblemData): Promise<void> {
  await writeFileAtomically(start, `${JSON.stringify({ mark, problem })}\n`);
}

/** Forgets what was noted of a start: the run was opened, or is to wait. */
export async function forgetStart({ start }: RunPlaces): Promise<void> {
  await rm(start, { force: true }).catch(() => {});
}

/** The start that was noted last. */
export async function lookAtStart(places: RunPlaces): Promise<FoundStart | undefined> {
  const bytes = await readEarlierFile(places.start);
  const noted = bytes && startSchema.safeParse(parsed(bytes)).data;
  if (!noted) return undefined;
  const { mark, process, problem } = noted;
  if (!process) return { mark, isAlive: false, problem };
  // of a process elsewhere nothing is known but that it was started
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

/** Notes how the process of a run ended: for whoever started it, since it can no longer say so itself. */
export async function noteExit({ exit }: RunPlaces, pid: number, { code, signal }: ProcessEnd): Promise<void> {
  await writeFileAtomically(exit, `${JSON.stringify({ pid, code, signal })}\n`);
}

/** How a process of a run ended, where that was noted. */
export async function readExit({ exit }: RunPlaces, pid: number | undefined): Promise<ProcessEnd | undefined> {
  const bytes = await readEarlierFile(exit);
  const noted = bytes && exitSchema.safeParse(parsed(bytes)).data;
  // of an earlier process of the run otherwise
  return noted && noted.pid === pid ? noted : undefined;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
