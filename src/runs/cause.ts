import type { Digest } from "./journal/digest.ts";

/** How a process ended, as its parent saw it. */
export interface ProcessEnd {
  readonly code?: number | null | undefined;
  readonly signal?: string | null | undefined;
}

/** What is known about a process that ended without saying why. */
export interface LostProcess {
  /** Undefined if no parent noted it. */
  readonly end: ProcessEnd | undefined;
  readonly digest: Pick<Digest, "memory" | "phase" | "time">;
  /** Whether its machine has restarted since. */
  readonly hasRestarted: boolean;
  /** Free bytes on its disk now; undefined if unknown. */
  readonly freeBytes: number | undefined;
}

/** The most likely reason why a run was lost. */
export interface LikelyCause {
  /** For people to read. */
  readonly text: string;
  /** Whether it ran out of memory. */
  readonly isForMemory: boolean;
}

/** Share of free memory below which a machine is short of memory. */
const shortShare = 0.08;
/** Free bytes below which a disk counts as full: a run can then write neither what it has learned nor why it ends. */
const fullDiskBytes = 1_000_000;

export function likelyCause(lost: LostProcess): LikelyCause {
  const { end, digest, hasRestarted } = lost;
  const signal = signalOf(end);
  const isShort = digest.memory !== undefined && digest.memory.freeBytes < shortShare * digest.memory.totalBytes;
  const isForMemory = !hasRestarted && (signal === "SIGKILL" || end === undefined) && isShort;
  return { text: isForMemory ? memoryCause(digest) : otherCause(lost, signal), isForMemory };
}

function memoryCause({ memory }: LostProcess["digest"]): string {
  return `The system ended it, most likely for want of memory: ${memoryText(memory)}.`;
}

function otherCause({ end, digest, hasRestarted, freeBytes }: LostProcess, signal: string | undefined): string {
  if (hasRestarted) return "The machine was restarted, or lost power.";
  if (freeBytes !== undefined && freeBytes < fullDiskBytes && signal === undefined)
    return "Its disk is full, so it could not even note how it ended. Make room, then go on with it: what it saved last is kept.";
  const memory = memoryText(digest.memory);
  if (signal === "SIGKILL") return `It was killed from outside (kill -9, a task manager, the system)${within(memory)}.`;
  if (signal === "SIGABRT" || signal === "SIGSEGV" || signal === "SIGBUS" || signal === "SIGILL" || signal === "SIGFPE")
    return `The runtime or a driver crashed (${signal})${within(memory)}.`;
  if (signal !== undefined) return `It was ended by ${signal}.`;
  if (end?.code !== undefined && end.code !== null && end.code !== 0)
    return `It ended with exit code ${end.code}${within(memory)}.`;
  const at = digest.phase === "starting" ? " while it was starting" : "";
  return `It was killed or crashed${at}: nothing is known of its end${within(memory)}.`;
}

/** Exit codes that stand for signals in shells, and for crashes on Windows. */
const signalsOfCodes: ReadonlyMap<number, string> = new Map([
  [129, "SIGHUP"],
  [130, "SIGINT"],
  [132, "SIGILL"],
  [134, "SIGABRT"],
  [135, "SIGBUS"],
  [136, "SIGFPE"],
  [137, "SIGKILL"],
  [139, "SIGSEGV"],
  [143, "SIGTERM"],
  [0xc0000005, "SIGSEGV"],
  [0xc0000409, "SIGABRT"],
  [0xc000013a, "SIGINT"],
]);

function signalOf(end: ProcessEnd | undefined): string | undefined {
  if (!end) return undefined;
  return end.signal ?? (typeof end.code === "number" ? signalsOfCodes.get(end.code) : undefined);
}

function within(memory: string | undefined): string {
  return memory === undefined ? "" : `; ${memory}`;
}

function memoryText(memory: Digest["memory"]): string | undefined {
  if (!memory) return undefined;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  const { peakBytes, freeBytes, totalBytes } = memory;
  return `it held up to ${gigabytes(peakBytes)} GB, and ${gigabytes(freeBytes)} of ${gigabytes(totalBytes)} GB were free`;
}
