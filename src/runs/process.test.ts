import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  follow,
  makeRunFolder,
  newRecord,
  type RunPlaces,
  readRun,
  sendCommand,
  takeRun,
  writeRecord,
} from "./index.ts";

const root = mkdtempSync(path.join(os.tmpdir(), "coinage-process-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Another process, which opens a run and ends on a stop command. */
async function opened(places: RunPlaces) {
  const room = JSON.stringify(import.meta.resolve("./index.ts"));
  const program = `const { placesOf, readRecord, RunSession, takeRun } = await import(${room});
    const places = placesOf(${JSON.stringify(places.folder)});
    const lock = await takeRun(places);
    const session = await RunSession.open(places, await readRecord(places), "0.1.0");
    session.report({ kind: "step", step: 3, steps: 9, loss: 1, averageLoss: 1, remainingSeconds: 6 });
    const alive = setInterval(() => {}, 1000);
    session.stop.addEventListener("abort", async () => {
      clearInterval(alive);
      await session.close("stopped");
      await lock.release();
    });`;
  const flags = ["--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", program];
  const child = spawn(process.execPath, flags, { stdio: ["ignore", "ignore", "inherit"] });
  await eventOf(places, "step");
  return { child, ended: once(child, "exit") };
}

async function eventOf(places: RunPlaces, kind: string): Promise<void> {
  for await (const entry of follow(places, 0, { pollMs: 50 })) if (entry.kind === kind) return;
}

async function made(name: string): Promise<RunPlaces> {
  const places = makeRunFolder(root, name);
  const id = path.basename(places.folder);
  await writeRecord(places, newRecord({ id, name, word: name, wanted: "run", version: "0.1.0" }));
  return places;
}

test("a run whose process is killed is lost at once, and free for the next", async () => {
  const places = await made("killed");
  const { child, ended } = await opened(places);
  expect(await readRun(places)).toMatchObject({ state: "running", step: 3 });
  await expect(takeRun(places)).rejects.toMatchObject({ code: "RUN_BUSY" });
  child.kill("SIGKILL");
  await ended;
  expect(await readRun(places)).toMatchObject({ state: "lost", step: 3, cause: expect.stringContaining("It ") });
  await (await takeRun(places)).release();
});

test("a run is stopped by another process, and says so", async () => {
  const places = await made("stopped");
  const { ended } = await opened(places);
  await sendCommand(places, { command: "stop" });
  await ended;
  expect(await readRun(places)).toMatchObject({ state: "stopped", problem: undefined });
});
