import { type Context, Hono } from "hono";
import { z } from "zod";
import { Curves, listRuns, type RunPlaces, readRun, sendCommand } from "../../runs/index.ts";
import { resolveInside } from "../disk/names.ts";
import { runInside } from "../disk/runs.ts";
import { readJson, readQuery } from "../http/bodies.ts";
import { eventStream } from "../http/event-stream.ts";
import type { StudioParts } from "../parts.ts";
import { positionsIn, positionsNow, runMessages } from "./messages.ts";
import { resumeRun, startRun } from "./start.ts";

type RunParts = Pick<StudioParts, "drafts" | "models" | "version" | "runs" | "caller" | "end">;

/** Runs: what they are, what happens in them, what they are told. */
export function runRoutes({ runs: root, drafts, models, version, caller }: RunParts): Hono {
  const app = new Hono();
  const curves = new Map<string, Curves>();
  const once = new Once();
  const placesIn = (c: Context): Promise<RunPlaces> => runInside(root, c.req.param("id")!);
  const told = (c: Context, places: RunPlaces, command: Parameters<typeof sendCommand>[1]) =>
    once.do(c, async () => ({ command: await sendCommand(places, command), run: await readRun(places) }));

  app.get("/", async (c) => c.json({ runs: await listRuns(root) }));
  app.post("/", async (c) => {
    const { draft: id } = await readJson(c, z.strictObject({ draft: z.string().max(40) }));
    const { draft, pictures } = await drafts.open(id);
    const modelPath = draft.model ? await models.pathOf(draft.model) : undefined;
    return once.do(c, async () => ({ run: await startRun({ draft, pictures, modelPath }, { root, version, caller }) }));
  });
  app.get("/:id", async (c) => c.json({ run: await readRun(await placesIn(c)) }));
  app.get("/:id/curves", async (c) => {
    const { points } = readQuery(c, z.object({ points: z.coerce.number().int().min(4).max(10_000).default(2000) }));
    const places = await placesIn(c);
    if (!curves.has(places.folder)) curves.set(places.folder, new Curves(places));
    return c.json(await curves.get(places.folder)!.read(points));
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

const sampleInput = z.strictObject({ prompt: z.string().max(10_000), seed: z.int().min(0).optional() });

/** `GET /api/events?runs=A,B`: from what the page knows already, else from now on. */
export async function runEvents(c: Context, { runs: root, end }: Pick<RunParts, "runs" | "end">): Promise<Response> {
  const { runs } = readQuery(c, z.object({ runs: z.string().max(4000).default("") }));
  const asked = runs === "" ? [] : runs.split(",");
  for (const run of asked) await resolveInside(root, run);
  const last = c.req.header("last-event-id");
  const now = await positionsNow(root, asked);
  const known = last === undefined ? undefined : positionsIn(last);
  const positions = new Map([...now].map(([run, seq]) => [run, known?.get(run) ?? seq]));
  return eventStream(c, (signal) => runMessages(root, positions, signal), { end });
}

/** Answers to requests with an Idempotency-Key, so that one that is sent again is not done again. */
class Once {
  readonly #answers = new Map<string, Promise<object>>();

  async do(c: Context, work: () => Promise<object>): Promise<Response> {
    const given = c.req.header("idempotency-key");
    if (given === undefined) return c.json(await work());
    const key = `${c.req.path} ${given.slice(0, 200)}`;
    const answer = this.#answers.get(key) ?? work();
    this.#answers.set(key, answer);
    answer.catch(() => this.#answers.delete(key));
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > mostAnswers) this.#answers.delete(oldest!);
    return c.json(await answer);
  }
}

const mostAnswers = 500;
