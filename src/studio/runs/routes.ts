import { type Context, Hono } from "hono";
import { z } from "zod";
import { aboutRun, consoleEnd, inTurn, isUnfinished, type RunPlaces, type RunRow, readRun } from "../../runs/index.ts";
import { resolveInside } from "../disk/names.ts";
import { runAt, usableRun } from "../disk/runs.ts";
import { type Draft, draftChanged } from "../drafts/draft.ts";
import { readJson, readQuery } from "../http/bodies.ts";
import { eventStream } from "../http/event-stream.ts";
import { answerProblem } from "../http/problems.ts";
import type { StudioParts } from "../parts.ts";
import { actingOn } from "./acting.ts";
import { againRoutes } from "./again.ts";
import { differencesOf } from "./differences.ts";
import type { RunHistories } from "./histories.ts";
import { keepingRoutes } from "./keeping.ts";
import { makeRun } from "./make.ts";
import { positionsIn, positionsNow, runMessages } from "./messages.ts";
import { waitingOf } from "./queue.ts";
import { steeringRoutes } from "./steering.ts";

type RunParts = Pick<StudioParts, "drafts" | "models" | "version" | "runs" | "listing" | "queue" | "trash" | "once">;

/** Routes of runs: reading, watching and steering them. */
export function runRoutes(
  { runs: root, drafts, models, version, listing, queue, trash, once }: RunParts,
  histories: RunHistories,
): Hono {
  const app = new Hono();
  const act = actingOn(listing, histories, once);
  const placesIn = async (c: Context): Promise<RunPlaces> => (await usableRun(root, c.req.param("id")!)).places;

  app.route("/", keepingRoutes(act, { runs: root, trash, queue }));
  app.route("/", steeringRoutes(act, queue));
  app.route("/", againRoutes(act, { drafts, models, histories }));
  app.get("/", async (c) => {
    const runs = await listing.now();
    return c.json({ runs, queue: waitingOf(runs).map(({ id }) => id) });
  });
  app.post("/", async (c) => {
    const { draft: id, draftRevision } = await readJson(c, startInput);
    const open = await drafts.open(id);
    if (draftRevision !== undefined && draftRevision !== open.draft.revision)
      return answerProblem(c, draftChanged(), { draft: open.draft });
    const start = async () => {
      const { draft, pictures, prompts } = open;
      const begun = await unfinishedRunOf(root, draft);
      if (begun) return { run: begun };
      const modelPath = draft.model ? await models.pathOf(draft.model) : undefined;
      const places = await makeRun(
        { draft, pictures, prompts, modelPath },
        { root, version, leaveBytes: drafts.leaveBytes },
      );
      await queue.add(places);
      const run = await readRun(places);
      await open.setStarted(run.id);
      return { run };
    };
    return once.do(c, () => inTurn(open.folder, start));
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
  app.get("/:id/settings.diff/:other", async (c) => {
    const other = await usableRun(root, c.req.param("other"));
    return c.json({ differences: await differencesOf(await placesIn(c), other.places) });
  });
  app.get("/:id/console", async (c) => c.json({ lines: await consoleEnd(await placesIn(c), 64 * 1024, 200) }));
  app.get("/:id/table", async (c) => {
    const range = readQuery(c, tableQuery);
    const history = await histories.of(await placesIn(c));
    return c.json({ rows: history.table(range) });
  });
  return app;
}

/** The unfinished run started from the current revision of a draft: starting twice, or in two tabs, gives one run. */
async function unfinishedRunOf(root: string, draft: Draft): Promise<RunRow | undefined> {
  if (draft.startedRun === undefined || draft.startedRevision !== draft.revision) return undefined;
  const places = await runAt(root, draft.startedRun).catch(() => undefined);
  const row = places && (await readRun(places));
  return isUnfinished(row?.state) ? row : undefined;
}

const steps = z.coerce.number().int().min(0).max(1e9);
const tableQuery = z.object({
  from: steps.default(0),
  to: steps.default(1e9),
  rows: z.coerce.number().int().min(1).max(200).default(200),
});

const startInput = z.strictObject({ draft: z.string().max(40), draftRevision: z.int().min(0).optional() });

const eventsQuery = z.object({ runs: z.string().max(4000).default(""), after: z.string().max(8000).optional() });

/** `GET /api/events?runs=A,B&after=ID`: messages after those the page knows, else from now on. */
export async function runEvents(
  c: Context,
  { runs: root, listing, drafts, tries, end }: Pick<StudioParts, "runs" | "listing" | "drafts" | "tries" | "end">,
): Promise<Response> {
  const { runs, after } = readQuery(c, eventsQuery);
  const asked = runs === "" ? [] : runs.split(",");
  for (const run of asked) await resolveInside(root, run);
  // on a reconnect, the browser's last id is newer than the one in the address
  const last = c.req.header("last-event-id") ?? after;
  const now = await positionsNow(root, asked);
  const known = last === undefined ? undefined : positionsIn(last);
  const positions = new Map([...now].map(([run, seq]) => [run, known?.get(run) ?? seq]));
  return eventStream(c, (signal) => runMessages(positions, { listing, leaveBytes: drafts.leaveBytes, tries, signal }), {
    end,
  });
}
