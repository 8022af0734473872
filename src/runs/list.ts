import { open, readdir, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { CoinageError, type ErrorCode } from "../errors/index.ts";
import { freeBytesOn, lookAtLock } from "../files/index.ts";
import { type LikelyCause, likelyCause } from "./cause.ts";
import { isStopWaiting } from "./control.ts";
import { placesOf, type RunPlaces } from "./folder.ts";
import type { Digest } from "./journal/digest.ts";
import type { ProblemData } from "./journal/events.ts";
import { readStanding, type Standing } from "./journal/standing.ts";
import { hasRestartedSince, type RunRecord, readRecord } from "./record.ts";
import { lookAtStart, readExit } from "./started.ts";
import { isUnderWay, type RunState, stateOf } from "./state.ts";

/** A run as a list shows it. */
export interface RunRow {
  /** The name of its folder. */
  readonly id: string;
  readonly folder: string;
  /** Undefined for a folder that cannot be read, or that a later version made: `problem` says so. */
  readonly state: RunState | undefined;
  readonly name: string;
  readonly word: string | undefined;
  /** When the folder was made, as an ISO date. */
  readonly made: string | undefined;
  /** Time of the last event, in milliseconds since 1970. */
  readonly updatedMs: number | undefined;
  /** Number of the last event. */
  readonly seq: number;
  readonly step: number | undefined;
  readonly steps: number | undefined;
  readonly loss: number | undefined;
  readonly averageLoss: number | undefined;
  /** Of a run that is under way: the machine. */
  readonly host: string | undefined;
  /** Of a queued run: the lowest is the next to start. */
  readonly turn: number | undefined;
  /** Of a run that is under way. */
  readonly remainingSeconds: number | undefined;
  /** The embedding that was written last. */
  readonly file: string | undefined;
  /** Why it failed, or why it cannot be shown. */
  readonly problem: ProblemData | undefined;
  /** Of a lost run: why, most likely. */
  readonly cause: string | undefined;
  /** Of a lost or failed run: whether it wanted more memory than there was, most likely. */
  readonly isForMemory: boolean;
  /** Of a lost or failed run: the last lines of what it said. */
  readonly lastWords: readonly string[];
}

/** Folders that are looked into at once: each takes a few open files. */
const atOnce = 16;

/** All runs in a folder, the newest first. What is no run is left out; a folder of runs that is not there has none. rowOf: looks into a folder. */
export async function listRuns(
  root: string,
  rowOf: (folder: string) => Promise<RunRow | undefined> = rowIn,
): Promise<RunRow[]> {
  const names = (await readdir(root).catch(() => [])).filter((name) => !name.startsWith("."));
  const rows: (RunRow | undefined)[] = [];
  for (let i = 0; i < names.length; i += atOnce)
    rows.push(...(await Promise.all(names.slice(i, i + atOnce).map((name) => rowOf(path.join(root, name))))));
  return rows.filter((row) => row !== undefined).sort(newestFirst);
}

/** Names begin with the minute; within one, what a record says decides. */
function newestFirst(a: RunRow, b: RunRow): number {
  const minute = ({ id }: RunRow) => id.slice(0, "YYYY-MM-DD_HHMM".length);
  return descending(minute(a), minute(b)) || descending(a.made ?? "", b.made ?? "") || descending(a.id, b.id);
}

/** By code units, which is many times as fast as by language. */
function descending(a: string, b: string): number {
  return a === b ? 0 : a < b ? 1 : -1;
}

async function rowIn(folder: string): Promise<RunRow | undefined> {
  const places = placesOf(folder);
  return (await recordStamp(places)) === undefined ? undefined : readRun(places);
}

/** Another text once the record of a run was written anew, as it is by every process that opens the run; undefined for what is no run. */
export async function recordStamp({ record }: RunPlaces): Promise<string | undefined> {
  const found = await stat(record).catch(() => undefined);
  return found && `${found.mtimeMs}:${found.size}:${found.ino}`;
}

/** A run as it is now. Never throws: what cannot be read is a row that says so. */
export async function readRun(places: RunPlaces): Promise<RunRow> {
  try {
    return await rowOf(places);
  } catch (error) {
    if (!(error instanceof CoinageError)) return unreadable(places, "RUN_UNREADABLE", String(error));
    return unreadable(places, error.code, error.message, error.hint);
  }
}

/** A process may have ended, and said so, between two looks at its folder: that one is lost is believed the second time. */
async function rowOf(places: RunPlaces): Promise<RunRow> {
  const row = await rowNow(places);
  return row.state === "lost" ? rowNow(places) : row;
}

async function rowNow(places: RunPlaces): Promise<RunRow> {
  // looked at first: the process that opens the run takes it away, after which the journal tells of it
  const noted = await lookAtStart(places);
  const { record, standing } = await contentsOf(places);
  const { digest } = standing;
  const lock = await lookAtLock(places.lock);
  const isHeld = lock?.isAlive ?? false;
  // one of which the run has not heard yet
  const start = noted && noted.mark.seq >= digest.seq ? noted : undefined;
  const isStopAsked = isHeld && (await isStopWaiting(places));
  // the clock may have been set back since
  const ageMs = Math.abs(Date.now() - (await stat(places.record)).mtimeMs);
  const state = stateOf({ wanted: record.wanted, isHeld, isStopAsked, start, ageMs, digest });
  const isUnopened = state === "failed" && start !== undefined && !isHeld;
  const problem = isUnopened ? start.problem : digest.problem;
  const cause = state === "lost" ? await causeOf(places, record, digest) : undefined;
  const { seq, time: updatedMs, step, steps, loss, averageLoss, remainingSeconds, file } = digest;
  return {
    ...{ id: path.basename(places.folder), folder: places.folder, state, seq, updatedMs },
    ...{ name: record.name, word: record.word, made: record.made },
    ...{ step, steps, loss, averageLoss, file, problem },
    host: isUnderWay(state) ? (lock?.host ?? os.hostname()) : undefined,
    turn: state === "queued" ? (record.queued?.turn ?? 0) : undefined,
    remainingSeconds: isUnderWay(state) ? remainingSeconds : undefined,
    cause: cause?.text,
    isForMemory: cause?.isForMemory ?? (state === "failed" && problem?.code === "OUT_OF_MEMORY"),
    lastWords: state === "lost" || state === "failed" ? await consoleEnd(places) : [],
  };
}

function unreadable(places: RunPlaces, code: ErrorCode, message: string, hint?: string): RunRow {
  const id = path.basename(places.folder);
  const unknown = { word: undefined, made: undefined, updatedMs: undefined, step: undefined, steps: undefined };
  const numbers = {
    host: undefined,
    turn: undefined,
    loss: undefined,
    averageLoss: undefined,
    remainingSeconds: undefined,
    file: undefined,
  };
  const problem = { code, message, where: places.folder, hint };
  return {
    id,
    folder: places.folder,
    state: undefined,
    name: id,
    seq: 0,
    ...unknown,
    ...numbers,
    problem,
    cause: undefined,
    isForMemory: false,
    lastWords: [],
  };
}

interface Contents {
  readonly record: RunRecord;
  readonly standing: Standing;
}

/** What was read of runs, by folder; the record as long as its file is the same. */
const known = new Map<string, Contents & { readonly stamp: string | undefined }>();

async function contentsOf(places: RunPlaces): Promise<Contents> {
  const stamp = await recordStamp(places);
  const before = known.get(places.folder);
  const record = before && before.stamp === stamp ? before.record : await readRecord(places);
  const contents = { stamp, record, standing: await readStanding(places.journal, before?.standing) };
  known.set(places.folder, contents);
  return contents;
}

async function causeOf(places: RunPlaces, { process: opened }: RunRecord, digest: Digest): Promise<LikelyCause> {
  return likelyCause({
    end: await readExit(places, digest.pid ?? opened?.pid),
    digest,
    hasRestarted: opened !== undefined && hasRestartedSince(opened),
    freeBytes: await freeBytesOn(places.folder),
  });
}

/** What of a console log is read and shown of a run that has ended badly. */
const [wordBytes, wordLines] = [8192, 8];

/** The last that a run has said to people, in lines; none where it has said nothing yet. */
export async function consoleEnd({ console }: RunPlaces, bytes = wordBytes, most = wordLines): Promise<string[]> {
  const handle = await open(console, "r").catch(() => undefined);
  if (!handle) return [];
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - bytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, start);
    const lines = buffer
      .subarray(0, bytesRead)
      .toString("utf8")
      .split(/\r?\n|\r/);
    return lines
      .slice(start === 0 ? 0 : 1)
      .filter((line) => line.trim() !== "")
      .slice(-most);
  } catch {
    return [];
  } finally {
    await handle.close();
  }
}
