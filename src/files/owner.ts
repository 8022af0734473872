import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import os from "node:os";

/** A process that owns a file. Its pid alone is not enough: the system reuses it. */
export interface Owner {
  /** Digest of where its pid is valid: the machine, and the container on it. */
  readonly place: string;
  readonly pid: number;
  /** Digest of its start time; "0" if the system does not tell it. */
  readonly start: string;
}

/** gone: it has ended. elsewhere: on another machine or in another container, so it cannot be checked. */
type Life = "alive" | "gone" | "elsewhere";

let own: Owner | undefined;

/** Another process of this machine; undefined if none has this pid. */
export function processOf(pid: number): Owner | undefined {
  const start = startOf(pid);
  return start === undefined ? undefined : { place: ownProcess().place, pid, start };
}

/** This process. */
export function ownProcess(): Owner {
  own ??= { place: placeOfProcesses(), pid: process.pid, start: startOf(process.pid) ?? "0" };
  return own;
}

export function lifeOf({ place, pid, start }: Owner): Life {
  if (place !== ownProcess().place) return "elsewhere";
  const now = startOf(pid);
  return now === undefined || (start !== "0" && now !== "0" && now !== start) ? "gone" : "alive";
}

/** Whether a process with this pid was running at a time, in milliseconds since 1970. */
export function wasRunning(pid: number, timeMs: number): boolean {
  if (startOf(pid) === undefined) return false;
  const ticks = linuxStart(pid);
  // Linux counts in hundredths of a second since boot; one second allows for corrections of the clock
  return ticks === undefined || Date.now() - os.uptime() * 1000 + ticks * 10 <= timeMs + 1000;
}

/** Linux has an id for each boot. Source: random(4). */
const bootFile = "/proc/sys/kernel/random/boot_id";

let boot: string | undefined;

/** An id of this boot; undefined if the system has none, as on Windows. */
export function bootId(): string | undefined {
  boot ??= process.platform === "darwin" ? said("sysctl", "-n", "kern.bootsessionuuid") : textOf(bootFile).trim();
  return boot || undefined;
}

/** Digest of a process's start time, "0" if the system does not tell it; undefined if there is no such process. */
function startOf(pid: number): string | undefined {
  if (process.platform === "linux") {
    const ticks = linuxStart(pid);
    if (ticks !== undefined) return digest(textOf(bootFile), String(ticks));
    return undefined;
  }
  if (!answers(pid)) return undefined;
  return process.platform === "win32" ? "0" : digest(said("ps", "-o", "lstart=", "-p", String(pid)));
}

/** When a process started, in clock ticks after boot; undefined for a zombie, which a killed process is until its parent reaps it. */
function linuxStart(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  const stat = textOf(`/proc/${pid}/stat`);
  // the program's name, in parentheses, may contain anything
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state = "", ticks] = [fields[0], fields[19]];
  return ticks === undefined || "ZXx".includes(state) ? undefined : Number(ticks);
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** The output of a system program; empty if it cannot be run. */
function said(program: string, ...words: readonly string[]): string {
  try {
    return execFileSync(program, words, { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return "";
  }
}

function placeOfProcesses(): string {
  return digest(os.hostname(), textOf("/etc/machine-id"), linkOf("/proc/self/ns/pid"));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return "";
  }
}

function digest(...facts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 8);
}
