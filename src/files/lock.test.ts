import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { type Lock, lookAtLock, takeLock } from "./index.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-lock-"));
afterAll(() => rmSync(work, { recursive: true }));
afterEach(() => vi.useRealTimers());

async function taken(file: string): Promise<Lock> {
  const answer = await takeLock(file);
  if ("heldBy" in answer) throw new Error(`held by ${answer.heldBy.pid}`);
  return answer;
}

/** Another process that takes the lock and waits. */
async function holder(file: string) {
  const room = JSON.stringify(import.meta.resolve("./index.ts"));
  const program = `const { takeLock } = await import(${room});
    console.log(JSON.stringify(await takeLock(${JSON.stringify(file)})));
    setInterval(() => {}, 1000);`;
  const child = spawn(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", program],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { child, answer: JSON.parse(String(said)) as object };
}

test("the second to ask learns who holds the lock, and gets it once it is released", async () => {
  const file = path.join(work, ".word.lock");
  const first = await taken(file);
  expect(await takeLock(file)).toEqual({
    heldBy: expect.objectContaining({ pid: process.pid, host: os.hostname(), since: expect.stringMatching(/^20.*Z$/) }),
  });
  await first.release();
  expect(existsSync(file)).toBe(false);
  await (await taken(file)).release();
});

test("of a killed process, it is taken over at once; of a living one, it is not", async () => {
  const file = path.join(work, ".killed.lock");
  const { child } = await holder(file);
  expect(await takeLock(file)).toMatchObject({ heldBy: { pid: child.pid } });
  child.kill("SIGKILL");
  // not awaited where it can be observed: a killed process keeps its pid until its parent has reaped it
  if (process.platform === "linux") while (!readFileSync(`/proc/${child.pid}/stat`, "utf8").includes(") Z "));
  else await once(child, "close");
  await (await taken(file)).release();
});

/** Changes what a lock file says about its holder. */
function rewrite(file: string, changes: object, at?: number): void {
  writeFileSync(file, `${JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...changes })}\n`);
  if (at !== undefined) utimesSync(file, at, at);
}

test("of a dead process whose id was reused, it is taken over", async () => {
  const file = path.join(work, ".number.lock");
  await taken(file);
  rewrite(file, { start: "00000000" });
  await (await taken(file)).release();
});

test("of another machine, it is taken over when it has not been touched for long, and so is a damaged one", async () => {
  const file = path.join(work, ".elsewhere.lock");
  await taken(file);
  rewrite(file, { place: "00000000", host: "far-away" }, 1);
  const lock = await taken(file);
  writeFileSync(file, '{"host":');
  utimesSync(file, 1, 1);
  await (await taken(file)).release();
  // a holder that has lost its lock does not remove the new one
  await lock.release();
});

test("of another machine, it is not taken over while it is being touched", async () => {
  const file = path.join(work, ".far.lock");
  await taken(file);
  rewrite(file, { place: "00000000", host: "far-away" });
  let time = Date.now() / 1000;
  const beat = setInterval(() => utimesSync(file, time, time++), 200);
  expect(await takeLock(file)).toMatchObject({ heldBy: { host: "far-away" } });
  clearInterval(beat);
});

test.runIf(process.platform !== "win32")(
  "what is no lock does not stand in the way, and no pipe is waited for",
  async () => {
    const file = path.join(work, ".pipe.lock");
    execFileSync("mkfifo", [file]);
    utimesSync(file, 1, 1);
    await (await taken(file)).release();
    symlinkSync("nowhere", file);
    await (await taken(file)).release();
  },
);

test("of ten that ask at once for a dead process's lock, one gets it", async () => {
  const file = path.join(work, ".crowd.lock");
  await taken(file);
  rewrite(file, { start: "00000000" });
  const answers = await Promise.all(Array.from({ length: 10 }, () => takeLock(file)));
  expect(answers.filter((answer) => "release" in answer)).toHaveLength(1);
  expect(readdirSync(work).filter((name) => name.startsWith(".crowd"))).toEqual([".crowd.lock"]);
});

test.each([-5, 5])("one that is looked at is not given up because the clock is set by %d hours", async (hours) => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: Date.now() });
  const file = path.join(work, `.clock${hours}.lock`);
  const lock = await taken(file);
  // as on Windows, where only touches tell whether the process with this pid is still the holder
  rewrite(file, { start: "0" });
  const isAlive = async () => (await lookAtLock(file))!.isAlive;
  expect(await isAlive()).toBe(true);
  vi.setSystemTime(Date.now() + hours * 3_600_000);
  expect(await isAlive()).toBe(true);
  // the machine sleeps, and its holder with it
  vi.advanceTimersByTime(3_600_000);
  expect(await isAlive()).toBe(true);
  for (let looks = 0; looks < 6; looks++) {
    vi.advanceTimersByTime(2000);
    await isAlive();
  }
  expect(await isAlive()).toBe(false);
  // the holder was late
  utimesSync(file, 2, 2);
  expect(await isAlive()).toBe(true);
  await lock.release();
});
