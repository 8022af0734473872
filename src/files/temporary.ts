import { randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { disk } from "./disk.ts";
import { lifeOf, type Owner, ownProcess, wasRunning } from "./owner.ts";
import { digestOf } from "./unchanged.ts";

/** part: not finished yet, or on its way out. previous: what a folder held that is being replaced. */
type Role = "part" | "previous";

/** Bytes of a name that are repeated in a temporary one: what is added must not make it too long for the disk. */
const longestName = 150;

/** Other processes' temporary files whose owner cannot be checked are left alone this long, in milliseconds. */
const [dayMs, minuteMs] = [86_400_000, 60_000];

/** A name beside a path that no other process or write uses; it says whose it is. */
export function temporaryName(target: string, role: Role): string {
  const { dir, base } = path.parse(path.resolve(target));
  const { place, pid, start } = ownProcess();
  const unique = randomBytes(4).toString("hex");
  return path.join(dir, `.${shortened(base)}.${place}-${pid}-${start}-${unique}.${role}`);
}

/** What is left of earlier contents of a folder, newest first. */
export async function previousOf(folder: string): Promise<string[]> {
  const { dir, base } = path.parse(path.resolve(folder));
  const names = (await readdir(dir).catch(() => [])).filter((name) => {
    const found = parse(name);
    return found?.role === "previous" && found.base === shortened(base);
  });
  const dated = await Promise.all(
    names.map(async (name) => ({ file: path.join(dir, name), at: (await timeOf(path.join(dir, name))) ?? 0 })),
  );
  return dated.sort((a, b) => b.at - a.at).map(({ file }) => file);
}

/** Folders that this process has swept. */
const swept = new Set<string>();

/** Removes what processes that have ended left unfinished in a folder; done once by each process. What cannot be removed stays: it does no harm. */
export async function sweepOnce(folder: string): Promise<void> {
  const whole = path.resolve(folder);
  if (swept.has(whole)) return;
  swept.add(whole);
  const names: readonly string[] = await readdir(whole).catch(() => []);
  for (const name of names) {
    const leftover = parse(name);
    if (!leftover || !(await isAbandoned(path.join(whole, name), leftover))) continue;
    // It may be all that is left of a folder that was being replaced.
    if (leftover.role === "previous" && !names.includes(leftover.base)) continue;
    await disk()
      .remove(path.join(whole, name))
      .catch(() => {});
  }
}

interface Leftover {
  readonly base: string;
  readonly role: Role;
  /** Undefined when an earlier version of this program wrote it, which named the process by its number at most. */
  readonly owner?: Owner;
  readonly pid?: number;
}

function parse(name: string): Leftover | undefined {
  const own = /^\.(.+)\.([0-9a-f]{8})-(\d+)-([0-9a-f]{8}|0)-[0-9a-f]{8}\.(part|previous)$/s.exec(name);
  if (own) {
    const [, base, place, pid, start, role] = own as unknown as [string, string, string, string, string, Role];
    return { base, role, owner: { place, pid: Number(pid), start } };
  }
  const ofFile = /^\.(.+\.(?:pt|ckpt|bin|safetensors|npz|png|toml|json)|\.coinage-can-write)\.(\d+)\.part$/s.exec(name);
  if (ofFile) return { base: ofFile[1]!, role: "part", pid: Number(ofFile[2]) };
  const ofState = /^\.(.+-state)\.(part|previous)$/s.exec(name);
  return ofState ? { base: ofState[1]!, role: ofState[2] as Role } : undefined;
}

async function isAbandoned(file: string, { owner, pid }: Leftover): Promise<boolean> {
  const life = owner && lifeOf(owner);
  if (life === "gone" || life === "alive") return life === "gone";
  const at = await timeOf(file);
  if (at === undefined) return false;
  if (pid !== undefined) return !wasRunning(pid, at);
  return Date.now() - at > (owner ? dayMs : minuteMs);
}

/** When a file was written last, in milliseconds; undefined when that is unknown. */
export async function timeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.mtimeMs;
}

function shortened(base: string): string {
  if (Buffer.byteLength(base) <= longestName) return base;
  const hash = digestOf(base).slice(0, 8);
  return `${[...base].slice(0, longestName / 4 - 8).join("")}${hash}`;
}
