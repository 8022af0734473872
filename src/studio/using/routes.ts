import { Hono } from "hono";
import { runInside } from "../disk/runs.ts";
import type { StudioParts } from "../parts.ts";
import { type FileKind, fileKinds, readRunFile, readThumb } from "./files.ts";
import { makeReport, readReport, reportPolicy } from "./report.ts";

/** Using what a run has learned: its files, its report. */
export function usingRoutes({ runs, caller, end }: Pick<StudioParts, "runs" | "caller" | "end">): Hono {
  const app = new Hono();
  const reports = new Map<string, Promise<void>>();

  app.get(`/runs/:id/files/:kind{${fileKinds.join("|")}}/:name`, async (c) => {
    const places = await runInside(runs, c.req.param("id"));
    const [kind, name] = [c.req.param("kind") as FileKind, c.req.param("name")];
    const isThumb = c.req.query("thumb") !== undefined;
    const { bytes, type, isKept } = await (isThumb ? readThumb : readRunFile)(places, kind, name);
    c.header("Content-Type", type);
    if (type === "application/octet-stream") c.header("Content-Disposition", "attachment");
    if (isKept) c.header("Cache-Control", "private, max-age=31536000, immutable");
    return c.body(new Uint8Array(bytes));
  });

  app.get("/runs/:id/report", async (c) => {
    const page = await readReport(await runInside(runs, c.req.param("id")));
    c.header("Content-Security-Policy", reportPolicy);
    c.header("Content-Type", "text/html; charset=utf-8");
    return c.body(new Uint8Array(page));
  });
  app.post("/runs/:id/report", async (c) => {
    const places = await runInside(runs, c.req.param("id"));
    const making = reports.get(places.folder) ?? makeReport(places, caller, end);
    reports.set(places.folder, making);
    await making.finally(() => reports.delete(places.folder));
    return c.json({});
  });
  return app;
}
