import { Hono } from "hono";
import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import { changeRecord, isUnderWay, type RunCommand, readRun, sendCommand } from "../../runs/index.ts";
import { readJson } from "../http/bodies.ts";
import type { Act, AskedRun } from "./acting.ts";
import type { RunQueue } from "./queue.ts";

/** Routes that steer runs: stop, resume, draw, save. */
export function steeringRoutes(act: Act, queue: RunQueue): Hono {
  const app = new Hono();

  app.post("/:id/stop", async (c) => {
    const { now } = await readJson(c, z.strictObject({ now: z.boolean().default(false) }));
    return act(c, async (run) => {
      const { places } = run;
      if (run.row.state === "queued") await queue.remove(places);
      // its turn may have come in the meantime
      const row = await readRun(places);
      const isAsked = row.state === "stopping" && !now;
      if (isAsked || (run.row.state === "queued" && !isAtWork({ row }))) return { run: row };
      return told({ places, row }, { command: now ? "stopNow" : "stop" });
    });
  });
  app.post("/:id/save", (c) => act(c, (run) => told(run, { command: "save" })));
  app.post("/:id/sample", async (c) => {
    const { prompt, seed } = await readJson(c, sampleInput);
    return act(c, (run) => told(run, { command: "sample", prompt, ...(seed !== undefined && { seed }) }));
  });
  app.post("/:id/cancel", async (c) => {
    const { command: id } = await readJson(c, z.strictObject({ command: z.string().max(255) }));
    return act(c, (run) => told(run, { command: "cancel", id }));
  });
  app.post("/:id/set", async (c) => {
    const { sampleEvery } = await readJson(c, z.strictObject({ sampleEvery: z.int().min(0).max(mostSteps) }));
    return act(c, async (run) => {
      if (isAtWork(run)) return told(run, { command: "set", sampleEvery });
      await changeRecord(run.places, (record) => ({ ...record, sampleEvery }));
      return { run: await readRun(run.places) };
    });
  });

  app.post("/:id/resume", async (c) => {
    const { steps } = await readJson(c, z.strictObject({ steps: stepCount.optional() }));
    return act(c, async ({ places, row }) => {
      if (row.state === "done" && (steps ?? 0) <= (row.step ?? 0)) throw done(row.step ?? 0);
      await queue.add(places, steps);
      return { run: await readRun(places) };
    });
  });
  app.post("/:id/extend", async (c) => {
    const { steps } = await readJson(c, z.strictObject({ steps: stepCount }));
    return act(c, async ({ places, row }) => {
      await queue.add(places, (row.step ?? 0) + steps);
      return { run: await readRun(places) };
    });
  });
  app.post("/:id/queue", async (c) => {
    const { position } = await readJson(c, z.strictObject({ position: z.int().min(0).max(10_000) }));
    return act(c, async ({ places, row }) => {
      await queue.move(row.id, position);
      return { run: await readRun(places) };
    });
  });
  return app;
}

const mostSteps = 10_000_000;
const stepCount = z.int().min(1).max(mostSteps);
const sampleInput = z.strictObject({ prompt: z.string().max(10_000), seed: z.int().min(0).optional() });

function isAtWork({ row: { state } }: Pick<AskedRun, "row">): boolean {
  return state !== undefined && isUnderWay(state);
}

/** Sends a command to a run in progress. @throws RUN_ENDED, OUTPUT_UNWRITABLE */
async function told(run: AskedRun, command: RunCommand): Promise<object> {
  if (!isAtWork(run))
    throw new CoinageError("RUN_ENDED", `The run is not under way: it is ${run.row.state}.`, {
      where: run.row.id,
      hint: "Resume it first.",
    });
  return { command: await sendCommand(run.places, command), run: await readRun(run.places) };
}

function done(step: number): CoinageError {
  return new CoinageError("RUN_ENDED", `The run is done, after ${step} steps.`, { hint: "Train it longer to go on." });
}
