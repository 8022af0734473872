import { type Context, Hono } from "hono";
import { z } from "zod";
import { aboutRun, listRuns, type RunPlaces, readRun, sendCommand } from "../../runs/index.ts";
import { resolveInside } from "../disk/names.ts";
import { runAt, usableRun } from "../disk/runs.ts";
import { readJson, readQuery } from "../http/bodies.ts";
import { eventStream } from "../http/event-stream.ts";
import type { StudioParts } from "../parts.ts";
import { RunHistories } from "./histories.ts";
import { keepingRoutes } from "./keeping.ts";
import { positionsIn, positionsNow, runMessages } from "./messages.ts";
import { Once } from "./once.ts";
import { resumeRun, startRun } from "./start.ts";

type RunParts = Pick<StudioParts, "drafts" | "models" | "version" | "runs" | "caller" | "end">;

/** Runs: what they are, what happens in them, what they are told. */
export function runRoutes({ runs: root, drafts, models, version, caller }: RunParts): Hono {
  const app = new Hono();
  const histories = new RunHistories();
  const once = new Once();
  const placesIn = async (c: Context): Promise<RunPlaces> => (await usableRun(root, c.req.param("id")!)).places;
  const told = (c: Context, places: RunPlaces, command: Parameters<typeof sendCommand>[1]) =>
    once.do(c, async () => ({ command: await sendCommand(places, command), run: await readRun(places) }));

  app.route("/", keepingRoutes(root));
  app.get("/", async (c) => c.json({ runs: await listRuns(root) }));
  app.post("/", async (c) => {
    const { draft: id } = await readJson(c, z.strictObject({ draft: z.string().max(40) }));
    const { draft, pictures, prompts } = await drafts.open(id);
    const modelPath = draft.model ? await models.pathOf(draft.model) : undefined;
    return once.do(c, async () => ({
      run: await startRun({ draft, pictures, prompts, modelPath }, { root, version, caller }),
    }));
  });
  app.get("/:id", async (c) => {
    const places = await runAt(root, c.req.param("id"));
    const run = await readRun(places);
    if (run.state === undefined) return c.json({ run });
    return c.json({ run, about: await aboutRun(places, await histories.of(places)) });
  });
  app.get("/:id/events", async (c) => {
    const { after } = readQuery(c, z.object({ after: z.coerce.number().int().min(0).default(0) }));
    const history = await histories.of(await placesIn(c));
    return c.json({ entries: history.messages(after) });
  });
  app.get("/:id/curves", async (c) => {
    const { points } = readQuery(c, z.object({ points: z.coerce.number().int().min(4).max(10_000).default(2000) }));
    const history = await histories.of(await placesIn(c));
    return c.json({ seq: history.seq, curves: history.curves(points) });
  });
  app.get("/:id/table", async (c) => {
    const range = readQuery(c, tableQuery);
    const history = await histories.of(await placesIn(c));
    return c.json({ rows: history.table(range) });
  });
  app.post("/:id/stop", async (c) => {
    const { now } = await readJson(c, z.strictObject({ now: z.boolean().default(false) }));
    return told(c, await placesIn(c), { command: now ? "stopNow" : "stop" });
  });
  app.post("/:id/save", async (c) => told(c, await placesIn(c), { command: "save" }));
  app.post("/:id/sample", async (c) => {
    const { prompt, seed } = await readJson(c, sampleInput);
    return told(c, await placesIn(c), { command: "sample", prompt, ...(seed !== undefined && { seed }) });
  });
  app.post("/:id/resume", async (c) => {
    const { steps } = await readJson(c, z.strictObject({ steps: z.int().min(1).max(10_000_000).optional() }));
    const { folder } = await placesIn(c);
    return once.do(c, async () => {
      resumeRun(folder, caller, steps);
      return {};
    });
  });
  return app;
}

const steps = z.coerce.number().int().min(0).max(1e9);
const tableQuery = z.object({
  from: steps.default(0),
  to: steps.default(1e9),
  rows: z.coerce.number().int().min(1).max(200).default(200),
});

const sampleInput = z.strictObject({ prompt: z.string().max(10_000), seed: z.int().min(0).optional() });

const eventsQuery = z.object({ runs: z.string().max(4000).default(""), after: z.string().max(8000).optional() });

/** `GET /api/events?runs=A,B&after=ID`: from what the page knows already, else from now on. */
export async function runEvents(c: Context, { runs: root, end }: Pick<RunParts, "runs" | "end">): Promise<Response> {
  const { runs, after } = readQuery(c, eventsQuery);
  const asked = runs === "" ? [] : runs.split(",");
  for (const run of asked) await resolveInside(root, run);
  // a browser that connects again knows more than the address it was given
  const last = c.req.header("last-event-id") ?? after;
  const now = await positionsNow(root, asked);
  const known = last === undefined ? undefined : positionsIn(last);
  const positions = new Map([...now].map(([run, seq]) => [run, known?.get(run) ?? seq]));
  return eventStream(c, (signal) => runMessages(root, positions, signal), { end });
}
