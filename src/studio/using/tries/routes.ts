import { Hono } from "hono";
import { runInside, usableRun } from "../../disk/runs.ts";
import { readJson } from "../../http/bodies.ts";
import type { StudioParts } from "../../parts.ts";
import type { RunHistories } from "../../runs/histories.ts";
import { Once } from "../../runs/once.ts";
import { cellsOf, tryInput } from "./cells.ts";

/** Images of a word by any of its checkpoints. */
export function tryRoutes({ runs, tries }: Pick<StudioParts, "runs" | "tries">, histories: RunHistories): Hono {
  const app = new Hono();
  const once = new Once();

  app.post("/tries", async (c) => {
    const input = await readJson(c, tryInput);
    const { places, row } = await usableRun(runs, input.run);
    return once.do(c, async () => {
      const start = (await histories.of(places)).messages(0).findLast((entry) => entry.kind === "start");
      return { tries: await tries.add(input.run, places, await cellsOf(input, { places, row }, start)) };
    });
  });
  app.get("/runs/:id/tries", async (c) => {
    const id = c.req.param("id");
    return c.json({ tries: await tries.list(id, await runInside(runs, id)) });
  });
  return app;
}
