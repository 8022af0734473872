import { randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { disk } from "./disk.ts";
import { lifeOf, type Owner, ownProcess, wasRunning } from "./owner.ts";
import { digestOf } from "./unchanged.ts";

/** part: unfinished, or being removed. previous: the earlier contents of a folder being replaced. */
type Role = "part" | "previous";

/** Most bytes of a name to repeat in its temporary name, which must not be too long for the disk. */
const longestName = 150;

/** How long temporary files are left alone whose owner cannot be checked, in milliseconds. */
const [dayMs, minuteMs] = [86_400_000, 60_000];

/** A name beside a path that no other process or write uses; it identifies its owner. */
export function temporaryName(target: string, role: Role): string {
  const { dir, base } = path.parse(path.resolve(target));
  const { place, pid, start } = ownProcess();
  const unique = randomBytes(4).toString("hex");
  return path.join(dir, `.${shortened(base)}.${place}-${pid}-${start}-${unique}.${role}`);
}

/** Earlier contents left behind beside a folder, newest first. */
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

/** Removes the unfinished files of ended processes from a folder, once per process. What cannot be removed does no harm. */
export async function sweepOnce(folder: string): Promise<void> {
  const whole = path.resolve(folder);
  if (swept.has(whole)) return;
  swept.add(whole);
  const names: readonly string[] = await readdir(whole).catch(() => []);
  for (const name of names) {
    const leftover = parse(name);
    if (!leftover || !(await isAbandoned(path.join(whole, name), leftover))) continue;
    // It may be all that is left of a folder being replaced.
    if (leftover.role === "previous" && !names.includes(leftover.base)) continue;
    await disk()
      .remove(path.join(whole, name))
      .catch(() => {});
  }
}

interface Leftover {
  readonly base: string;
  readonly role: Role;
  /** Undefined if an earlier version wrote it, which gave at most the pid. */
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

/** Time of a file's last change, in milliseconds; undefined if unknown. */
export async function timeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.mtimeMs;
}

function shortened(base: string): string {
  if (Buffer.byteLength(base) <= longestName) return base;
  const hash = digestOf(base).slice(0, 8);
  return `${[...base].slice(0, longestName / 4 - 8).join("")}${hash}`;
}
