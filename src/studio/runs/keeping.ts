import { Hono } from "hono";
import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import { changeMarks, changeRecord, isUnderWay, placesOf, readRun } from "../../runs/index.ts";
import { runAt } from "../disk/runs.ts";
import { readJson } from "../http/bodies.ts";
import type { StudioParts } from "../parts.ts";
import type { Act } from "./acting.ts";

type Parts = Pick<StudioParts, "runs" | "trash" | "queue">;

/** Routes for marking, renaming and discarding runs. */
export function keepingRoutes(act: Act, { runs, trash, queue }: Parts): Hono {
  const app = new Hono();

  app.post("/:id/star", async (c) => {
    const { step, isStarred } = await readJson(c, starInput);
    return act(c, async ({ places }) => ({
      marks: await changeMarks(places, (before) => {
        const others = before.stars.filter((one) => one !== step);
        return { ...before, stars: isStarred ? [...others, step].sort((a, b) => a - b) : others };
      }),
    }));
  });
  app.patch("/:id", async (c) => {
    const { name, note } = await readJson(c, patchInput);
    return act(c, async ({ places }) => {
      if (name !== undefined) await changeRecord(places, (record) => ({ ...record, name }));
      const marks = await changeMarks(places, (before) => ({ ...before, ...(note !== undefined && { note }) }));
      return { run: await readRun(places), marks };
    });
  });
  app.delete("/:id", async (c) => {
    const places = await runAt(runs, c.req.param("id"));
    // damaged runs can be discarded, too
    const isReadable = (await readRun(places)).state !== undefined;
    const discard = async () => ({ trash: await queue.exclusively(() => discarded(places.folder, trash)) });
    if (isReadable) return act(c, discard);
    return c.json(await discard());
  });
  return app;
}

const starInput = z.strictObject({ step: z.int().min(0), isStarred: z.boolean() });
const patchInput = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^\P{C}*$/u, "it has control characters")
    .optional(),
  note: z.string().max(20_000).optional(),
});

/** Moves a run to the trash, and out of the queue. @throws RUN_BUSY, RUN_NEWER, OUTPUT_UNWRITABLE */
async function discarded(folder: string, trash: Parts["trash"]): Promise<string> {
  const places = placesOf(folder);
  const { state, name, problem } = await readRun(places);
  if (state !== undefined && isUnderWay(state))
    throw new CoinageError("RUN_BUSY", "The run is under way.", {
      hint: "Stop it first: what it has learned is kept.",
    });
  if (problem?.code === "RUN_NEWER") throw new CoinageError("RUN_NEWER", problem.message, { where: folder });
  if (state === "queued")
    await changeRecord(places, ({ queued, ...record }) => ({ ...record, wanted: "draft" as const }));
  return trash.put(folder, { kind: "run", name });
}

/** Routes of the trash. */
export function trashRoutes({
  runs,
  trash,
  drafts,
  listing,
}: Pick<StudioParts, "runs" | "trash" | "drafts" | "listing">): Hono {
  const app = new Hono();

  app.get("/", async (c) => c.json({ trash: await trash.list() }));
  app.post("/:id/restore", async (c) => {
    const { kind, folder } = await trash.restore(c.req.param("id"), { run: runs, draft: drafts.folder });
    if (kind === "run") listing.changed();
    return c.json(kind === "run" ? { run: await readRun(placesOf(folder)) } : { draft: await draftIn(folder) });
  });
  const draftIn = async (folder: string) => (await drafts.open(folder.split(/[/\\]/).at(-1)!)).draft;
  return app;
}
