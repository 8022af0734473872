import { Hono } from "hono";
import { z } from "zod";
import { CoinageError } from "../../../errors/index.ts";
import { runInside, usableRun } from "../../disk/runs.ts";
import { readJson } from "../../http/bodies.ts";
import type { StudioParts } from "../../parts.ts";
import type { RunHistories } from "../../runs/histories.ts";
import { cellsOf, type TryInput, tryInput } from "./cells.ts";
import type { Try } from "./rows.ts";

type Parts = Pick<StudioParts, "runs" | "tries">;

/** Routes for drawing images with any checkpoint of a word. */
export function tryRoutes(parts: Parts & Pick<StudioParts, "once">, histories: RunHistories): Hono {
  const { runs, tries, once } = parts;
  const app = new Hono();

  app.post("/tries", async (c) => {
    const input = await readJson(c, tryInput);
    await usableRun(runs, input.run);
    return once.do(c, async () => ({ tries: await want(input, parts, histories) }));
  });
  app.post("/tries/cancel", async (c) => {
    const { run, ids } = await readJson(c, cancelInput);
    tries.cancel(run, ids);
    return c.json({ tries: await tries.list(run, await runInside(runs, run)) });
  });
  app.get("/runs/:id/tries", async (c) => {
    const id = c.req.param("id");
    return c.json({ tries: await tries.list(id, await runInside(runs, id)) });
  });
  return app;
}

const cancelInput = z.strictObject({ run: z.string().max(255), ids: z.array(z.string().max(64)).max(200).optional() });

/** Draws the images that waited when the last studio ended. Those whose run or checkpoint is gone are dropped. */
export async function goOn(waiting: readonly TryInput[], parts: Parts, histories: RunHistories): Promise<void> {
  for (const input of waiting)
    await want(input, parts, histories).catch((error) => {
      if (!(error instanceof CoinageError)) throw error;
    });
}

async function want(input: TryInput, { runs, tries }: Parts, histories: RunHistories): Promise<readonly Try[]> {
  const { places, row } = await usableRun(runs, input.run);
  const start = (await histories.of(places)).messages(0).findLast((entry) => entry.kind === "start");
  return tries.add(input.run, places, await cellsOf(input, { places, row }, start));
}
