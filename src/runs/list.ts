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
  /** Undefined if the folder cannot be read or a later version made it: see `problem`. */
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
  /** Machine of a run in progress. */
  readonly host: string | undefined;
  /** Of a queued run: the lowest starts next. */
  readonly turn: number | undefined;
  /** Of a run in progress. */
  readonly remainingSeconds: number | undefined;
  /** The last embedding written. */
  readonly file: string | undefined;
  /** Why it failed, or why it cannot be shown. */
  readonly problem: ProblemData | undefined;
  /** Of a lost run: the most likely reason. */
  readonly cause: string | undefined;
  /** Of a lost or failed run: whether it most likely ran out of memory. */
  readonly isForMemory: boolean;
  /** Of a lost or failed run: the last lines of its console output. */
  readonly lastWords: readonly string[];
}

/** Folders read at once: each takes a few open files. */
const atOnce = 16;

/** All runs in a folder, the newest first; none if the folder does not exist. rowOf: reads a subfolder; undefined if it is no run. */
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

/** Folder names begin with the minute; within a minute, the date in the record decides. */
function newestFirst(a: RunRow, b: RunRow): number {
  const minute = ({ id }: RunRow) => id.slice(0, "YYYY-MM-DD_HHMM".length);
  return descending(minute(a), minute(b)) || descending(a.made ?? "", b.made ?? "") || descending(a.id, b.id);
}

/** Compares code units: many times as fast as localeCompare. */
function descending(a: string, b: string): number {
  return a === b ? 0 : a < b ? 1 : -1;
}

async function rowIn(folder: string): Promise<RunRow | undefined> {
  const places = placesOf(folder);
  return (await recordStamp(places)) === undefined ? undefined : readRun(places);
}

/** A text that changes when the record is rewritten, as by every process that opens the run; undefined if the folder is no run. */
export async function recordStamp({ record }: RunPlaces): Promise<string | undefined> {
  const found = await stat(record).catch(() => undefined);
  return found && `${found.mtimeMs}:${found.size}:${found.ino}`;
}

/** A run as it is now. Never throws: an unreadable run is a row with a problem. */
export async function readRun(places: RunPlaces): Promise<RunRow> {
  try {
    return await rowOf(places);
  } catch (error) {
    if (!(error instanceof CoinageError)) return unreadable(places, "RUN_UNREADABLE", String(error));
    return unreadable(places, error.code, error.message, error.hint);
  }
}

/** Reads a run that seems lost a second time: its process may have ended, and noted that, between two reads of its folder. */
async function rowOf(places: RunPlaces): Promise<RunRow> {
  const row = await rowNow(places);
  return row.state === "lost" ? rowNow(places) : row;
}

async function rowNow(places: RunPlaces): Promise<RunRow> {
  // read first: the process that opens the run removes this note once its journal says so
  const noted = await lookAtStart(places);
  const { record, standing } = await contentsOf(places);
  const { digest } = standing;
  const lock = await lookAtLock(places.lock);
  const isHeld = lock?.isAlive ?? false;
  // an older one was opened: the journal has events since
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

/** Runs read before, by folder; their records are reused while the stamp is the same. */
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

/** Bytes read and lines shown of the console log of a lost or failed run. */
const [wordBytes, wordLines] = [8192, 8];

/** The last lines of a run's console output; none if there is none yet. */
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
