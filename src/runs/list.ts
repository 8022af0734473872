import { open, readdir, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { CoinageError, type ErrorCode } from "../errors/index.ts";
import { lookAtLock, readEarlierFile, writeFileAtomically } from "../files/index.ts";
import { likelyCause, type ProcessEnd } from "./cause.ts";
import { isStopWaiting } from "./control.ts";
import { placesOf, type RunPlaces } from "./folder.ts";
import { type Digest, digestOf } from "./journal/digest.ts";
import type { ProblemData } from "./journal/events.ts";
import { readTail } from "./journal/reader.ts";
import { bootedMs, type RunRecord, readRecord } from "./record.ts";
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
  /** Of a run that is under way. */
  readonly remainingSeconds: number | undefined;
  /** The embedding that was written last. */
  readonly file: string | undefined;
  /** Why it failed, or why it cannot be shown. */
  readonly problem: ProblemData | undefined;
  /** Of a lost run: why, most likely. */
  readonly cause: string | undefined;
  /** Of a lost or failed run: the last lines of what it said. */
  readonly lastWords: readonly string[];
}

/** Folders that are looked into at once: each takes a few open files. */
const atOnce = 16;

/** All runs in a folder, the newest first. What is no run is left out; a folder of runs that is not there has none. */
export async function listRuns(root: string): Promise<RunRow[]> {
  const names = (await readdir(root).catch(() => [])).filter((name) => !name.startsWith("."));
  const folders = names.sort().reverse();
  const rows: (RunRow | undefined)[] = [];
  for (let i = 0; i < folders.length; i += atOnce)
    rows.push(...(await Promise.all(folders.slice(i, i + atOnce).map((name) => rowIn(path.join(root, name))))));
  return rows.filter((row) => row !== undefined).sort(newestFirst);
}

/** Names begin with the minute; within one, what a record says decides. */
function newestFirst(a: RunRow, b: RunRow): number {
  const minute = ({ id }: RunRow) => id.slice(0, "YYYY-MM-DD_HHMM".length);
  return minute(b).localeCompare(minute(a)) || (b.made ?? "").localeCompare(a.made ?? "");
}

async function rowIn(folder: string): Promise<RunRow | undefined> {
  const places = placesOf(folder);
  return (await stampOf(places.record)) === undefined ? undefined : readRun(places);
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

async function rowOf(places: RunPlaces): Promise<RunRow> {
  const { record, digest } = await contentsOf(places);
  const lock = await lookAtLock(places.lock);
  const isHeld = lock?.isAlive ?? false;
  const isStopAsked = isHeld && (await isStopWaiting(places));
  const ageMs = Date.now() - (await stat(places.record)).mtimeMs;
  const state = stateOf({ wanted: record.wanted, isHeld, isStopAsked, ageMs, digest });
  const { seq, time: updatedMs, step, steps, loss, averageLoss, remainingSeconds, file, problem } = digest;
  return {
    ...{ id: path.basename(places.folder), folder: places.folder, state, seq, updatedMs },
    ...{ name: record.name, word: record.word, made: record.made },
    ...{ step, steps, loss, averageLoss, file, problem },
    remainingSeconds: isUnderWay(state) ? remainingSeconds : undefined,
    cause: state === "lost" ? await causeOf(places, record, digest) : undefined,
    lastWords: state === "lost" || state === "failed" ? await lastLines(places.console) : [],
  };
}

function unreadable(places: RunPlaces, code: ErrorCode, message: string, hint?: string): RunRow {
  const id = path.basename(places.folder);
  const unknown = { word: undefined, made: undefined, updatedMs: undefined, step: undefined, steps: undefined };
  const numbers = { loss: undefined, averageLoss: undefined, remainingSeconds: undefined, file: undefined };
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
    lastWords: [],
  };
}

interface Contents {
  readonly record: RunRecord;
  readonly digest: Digest;
}

/** What was read of runs, as long as their files are the same. */
const known = new Map<string, Contents & { readonly stamp: string }>();

async function contentsOf(places: RunPlaces): Promise<Contents> {
  const stamp = `${await stampOf(places.record)} ${await stampOf(places.journal)}`;
  const found = known.get(places.folder);
  if (found?.stamp === stamp) return found;
  const record = await readRecord(places);
  const { entries, isWhole } = await readTail(places.journal);
  const contents = { stamp, record, digest: digestOf(entries, isWhole) };
  known.set(places.folder, contents);
  return contents;
}

async function stampOf(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found && `${found.mtimeMs}:${found.size}:${found.ino}`;
}

const exitSchema = z.object({ pid: z.int(), code: z.int().nullish(), signal: z.string().max(20).nullish() });

/** Notes how the process of a run ended: for whoever started it, since it can no longer say so itself. */
export async function noteExit({ exit }: RunPlaces, pid: number, { code, signal }: ProcessEnd): Promise<void> {
  await writeFileAtomically(exit, `${JSON.stringify({ pid, code, signal })}\n`);
}

async function causeOf(places: RunPlaces, { process: opened }: RunRecord, digest: Digest): Promise<string> {
  const bytes = await readEarlierFile(places.exit);
  const noted = bytes && exitSchema.safeParse(parsed(new TextDecoder().decode(bytes))).data;
  const isHere = opened !== undefined && opened.host === os.hostname();
  return likelyCause({
    // of an earlier process of the run otherwise
    end: noted && noted.pid === (digest.pid ?? opened?.pid) ? noted : undefined,
    digest,
    bootedMs: isHere ? { now: bootedMs(), atOpening: opened.bootedMs } : undefined,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What of a console log is read and shown of a run that has ended badly. */
const [wordBytes, wordLines] = [8192, 8];

async function lastLines(file: string): Promise<string[]> {
  const handle = await open(file, "r").catch(() => undefined);
  if (!handle) return [];
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - wordBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(wordBytes), 0, wordBytes, start);
    const lines = buffer
      .subarray(0, bytesRead)
      .toString("utf8")
      .split(/\r?\n|\r/);
    return lines
      .slice(start === 0 ? 0 : 1)
      .filter((line) => line.trim() !== "")
      .slice(-wordLines);
  } catch {
    return [];
  } finally {
    await handle.close();
  }
}
