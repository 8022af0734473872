import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { placesOf, type RunRow, readRun, sendCommand } from "../src/runs/index.ts";
import { launchStudio, type OpenStudio } from "./studio/launch.ts";
import { studioRuns } from "./studio-runs.ts";

// Tests that a run is a process of its own, with a studio in another process.
const home = mkdtempSync(path.join(os.tmpdir(), "coinage-process-"));
let studio: OpenStudio;
beforeAll(async () => {
  studio = await launchStudio({ home });
}, 60_000);
afterAll(async () => {
  await studio.close();
  rmSync(home, { recursive: true, force: true });
});

/** Sends a request as a program with the key, over a socket. */
async function ask(method: string, target: string, { body }: { readonly body?: unknown } = {}): Promise<Response> {
  const headers = {
    authorization: `Bearer ${new URL(studio.entrance).searchParams.get("k")}`,
    ...(body !== undefined && !(body instanceof Uint8Array) && { "content-type": "application/json" }),
  };
  const sent = body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body);
  return fetch(new URL(target, studio.address), {
    method,
    headers,
    ...(sent !== undefined && { body: sent }),
  } as RequestInit);
}

const { told, start, read, until } = studioRuns({ ask, work: home });

test("a killed studio changes nothing for a run, and the next one attaches to it; a killed run is lost within five seconds, with its last words and the cause, and goes on", async () => {
  const { id, folder } = await start("vexla", { max_train_steps: 100_000 });
  const places = placesOf(folder);
  await until(id, ({ state, step }) => state === "running" && step! > 0);
  const { step: before } = await readRun(places);
  await studio.close("SIGKILL");
  await expect.poll(async () => (await readRun(places)).step, { timeout: 60_000 }).toBeGreaterThan(before! + 2);

  studio = await launchStudio({ home });
  expect(await read(id)).toMatchObject({ state: "running" });
  await told("POST", `/api/runs/${id}/stop`, {});
  await until(id, ({ state }) => state === "stopped");

  await told("POST", `/api/runs/${id}/resume`, {});
  await until(id, ({ state }) => state === "running");
  const { process: opened } = JSON.parse(readFileSync(places.record, "utf8")) as { process: { pid: number } };
  process.kill(opened.pid, "SIGKILL");
  const killedAt = performance.now();
  const lost: RunRow = await until(
    id,
    ({ state, cause }) => state === "lost" && cause!.includes("killed from outside"),
  );
  expect(performance.now() - killedAt).toBeLessThan(5000);
  expect(lost.lastWords.join("\n")).toMatch(/step \d+/);

  await told("POST", `/api/runs/${id}/resume`, {});
  await until(id, ({ state, step }) => state === "running" && step! > 0);
  await sendCommand(places, { command: "stopNow" });
  await until(id, ({ state }) => state === "stopped");
});
