import { link, lstat, open, rm } from "node:fs/promises";
import os from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { reasonOf } from "./disk.ts";
import { lifeOf, ownProcess } from "./owner.ts";
import { readEarlierFile } from "./regular-file.ts";
import { temporaryName, timeOf } from "./temporary.ts";
import { digestOf } from "./unchanged.ts";

/** The holder of a lock. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the lock was taken, as an ISO date. */
  readonly since: string;
}

export interface Lock {
  readonly release: () => Promise<void>;
}

/** How often a holder touches its lock, how long to watch it, when one on another machine counts as gone, and how long to wait after a wake-up. In milliseconds. */
const [beatMs, watchMs, staleMs, wakeMs] = [2000, 10_000, 60_000, 5000];

/** A lock may disappear between two reads, but not every time. */
const mostAttempts = 50;

/** Other programs may have written the file: text shown from it must not control a terminal. */
const printable = z
  .string()
  .max(255)
  .regex(/^\P{C}*$/u);
const schema = z.object({
  host: printable,
  since: printable,
  place: z.string(),
  pid: z.int(),
  start: z.string(),
  key: z.string(),
});
type Content = z.infer<typeof schema>;

/** Takes a lock: a file that exists while its process lives. The lock of a process that has ended, in whatever way, is taken over.
 *  @throws the system's own error if the file cannot be made */
export async function takeLock(file: string): Promise<Lock | { readonly heldBy: Holder }> {
  const claim = temporaryName(file, "part");
  const own = { host: os.hostname(), since: new Date().toISOString(), ...ownProcess(), key: claim };
  const text = `${JSON.stringify(own)}\n`;
  try {
    await writeNew(claim, text);
    for (let attempt = 1; ; attempt++) {
      if (await putIfFree(claim, file, text)) return held(file, text);
      if (attempt === mostAttempts) throw new Error("what is there cannot be removed");
      const found = await readText(file);
      if (found === undefined) continue;
      const content = parse(found);
      if (await isAlive(file, content, claim)) return { heldBy: content ?? unknownHolder };
      await removeLock(file, found);
    }
  } finally {
    await rm(claim, { force: true });
  }
}

/** A lock that was read, not taken. */
export interface FoundLock extends Holder {
  /** Whether its holder lives; if that cannot be checked, whether it touched the lock recently. */
  readonly isAlive: boolean;
}

/** The holder of a lock; undefined if there is none. Does not wait, so for a holder on another machine it relies on earlier touches, where `takeLock` watches for one. */
export async function lookAtLock(file: string): Promise<FoundLock | undefined> {
  const text = await readText(file);
  if (text === undefined) return undefined;
  const content = parse(text);
  const { pid, host, since } = content ?? unknownHolder;
  const life = content && lifeOf(content);
  if (life === "gone" || (life === "alive" && content!.start !== "0"))
    return { pid, host, since, isAlive: life === "alive" };
  return { pid, host, since, isAlive: (await quietMsOf(file)) < (life === "alive" ? watchMs : staleMs) };
}

/** The last observation, by this process, of a lock that only touches show to be alive. */
interface Look {
  readonly touched: number | undefined;
  /** Time without a touch, as far as observed. */
  readonly quietMs: number;
  /** By a monotonic clock. */
  readonly at: number;
}

const looks = new Map<string, Look>();

/** Time since a lock was touched, in milliseconds. The first time it is measured by the clock, which may be another machine's or have been set; after that only by
 *  what this process has observed. Between two observations at most one beat counts: the machine, and the holder with it, may have slept. */
async function quietMsOf(file: string): Promise<number> {
  const [touched, at, before] = [await timeOf(file), performance.now(), looks.get(file)];
  const seenMs = before === undefined ? Math.abs(Date.now() - (touched ?? 0)) : before.quietMs;
  const isTouched = before !== undefined && before.touched !== touched;
  const quietMs = isTouched ? 0 : seenMs + (before ? Math.min(at - before.at, beatMs) : 0);
  looks.set(file, { touched, quietMs, at });
  return quietMs;
}

const unknownHolder: Holder = { pid: 0, host: "unknown", since: "unknown" };

/** Creates the file only if it does not exist: a hard link does so with complete contents. Where links are not supported, the file is created directly,
 *  and is empty for a moment. */
async function putIfFree(claim: string, file: string, text: string): Promise<boolean> {
  try {
    await link(claim, file);
    return true;
  } catch (error) {
    if (reasonOf(error) === "EEXIST") return false;
  }
  return writeNew(file, text).then(
    () => true,
    (error) => {
      if (reasonOf(error) === "EEXIST") return false;
      throw error;
    },
  );
}

function held(file: string, text: string): Lock {
  const beat = setInterval(() => void touch(file, text).catch(() => {}), beatMs);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      if ((await readText(file)) === text) await rm(file, { force: true }).catch(() => {});
    },
  };
}

/** Rewrites the same contents, so that the file system's own clock sets the time. */
async function touch(file: string, text: string): Promise<void> {
  if ((await readText(file)) !== text) return;
  const handle = await open(file, "r+");
  await handle.writeFile(text).finally(() => handle.close());
}

/** Whether the holder of a lock lives. For one elsewhere only touches can show it. claim: a file just made, timed by the same clock. */
async function isAlive(file: string, content: Content | undefined, claim: string): Promise<boolean> {
  const life = content && lifeOf(content);
  if (life === "gone") return false;
  if (life === "alive" && content!.start !== "0") return true;
  const [touched, now] = [await timeOf(file), await timeOf(claim)];
  if (touched === undefined || now === undefined) return false;
  const isOld = Math.abs(now - touched) > staleMs;
  if (isOld && content === undefined) return false;
  // after the machine wakes up, or its clock was set, locks look untouched for hours although their holders are alive
  const patienceMs = isOld ? wakeMs : watchMs;
  for (let waited = 0; waited < patienceMs; waited += beatMs / 3) {
    await pause(beatMs / 3);
    if ((await timeOf(file)) !== touched) return true;
  }
  return false;
}

/** Removes the lock of a process that has ended, while holding a lock on this removal: otherwise a slower process that saw the same dead lock
 *  would remove its successor. */
async function removeLock(file: string, dead: string): Promise<void> {
  const right = await takeLock(`${file}-${digestOf(dead).slice(0, 16)}`);
  if ("heldBy" in right) return void (await pause(beatMs / 30));
  try {
    if ((await readText(file)) === dead) await rm(file, { recursive: true, force: true }).catch(() => {});
  } finally {
    await right.release();
  }
}

async function writeNew(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx");
  await handle.writeFile(text).finally(() => handle.close());
}

/** The text of a lock file; undefined if there is none, empty if it cannot be a lock of ours. */
async function readText(file: string): Promise<string | undefined> {
  if (!(await lstat(file).catch(() => undefined))) return undefined;
  const bytes = await readEarlierFile(file);
  return bytes ? new TextDecoder().decode(bytes) : "";
}

function parse(text: string): Content | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
