import { Hono } from "hono";
import { z } from "zod";
import { changeMarks } from "../../runs/index.ts";
import { usableRun } from "../disk/runs.ts";
import { readJson } from "../http/bodies.ts";

/** What people note about runs. */
export function keepingRoutes(root: string): Hono {
  const app = new Hono();

  app.post("/:id/star", async (c) => {
    const { step, isStarred } = await readJson(c, starInput);
    const { places } = await usableRun(root, c.req.param("id"));
    const marks = await changeMarks(places, (before) => {
      const others = before.stars.filter((one) => one !== step);
      return { ...before, stars: isStarred ? [...others, step].sort((a, b) => a - b) : others };
    });
    return c.json({ marks });
  });
  return app;
}

const starInput = z.strictObject({ step: z.int().min(0), isStarred: z.boolean() });
