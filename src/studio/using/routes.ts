import { Hono } from "hono";
import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import { rootOf } from "../disk/folders.ts";
import { folderInside } from "../disk/names.ts";
import { runInside, usableRun } from "../disk/runs.ts";
import { readJson } from "../http/bodies.ts";
import type { StudioParts } from "../parts.ts";
import type { RunHistories } from "../runs/histories.ts";
import { type ExportTarget, exportCheckpoint } from "./export.ts";
import { type FileKind, fileKinds, readRunFile, readThumb } from "./files.ts";
import { type ProgramFolder, programFolders } from "./programs.ts";
import { makeReport, readReport, reportPolicy } from "./report.ts";
import { tryRoutes } from "./tries/routes.ts";

type Parts = Pick<StudioParts, "runs" | "roots" | "caller" | "end" | "tries" | "once">;

/** Routes for using a run's word: files, report, export, images. */
export function usingRoutes({ runs, roots, caller, end, tries, once }: Parts, histories: RunHistories): Hono {
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
    const { start } = await histories.of(places);
    const trained = start?.run.dataset.datasets[0]?.resolution;
    const making =
      reports.get(places.folder) ??
      tries.withoutModel(waitsForReport, () => makeReport(places, trained, { caller, end }));
    reports.set(places.folder, making);
    await making.finally(() => reports.delete(places.folder));
    return c.json({});
  });

  app.route("/", tryRoutes({ runs, tries, once }, histories));

  app.get("/programs", async (c) => c.json({ programs: await programFolders(roots) }));
  app.post("/runs/:id/export", async (c) => {
    const { programs, folder, ...request } = await readJson(c, exportInput);
    const { places } = await usableRun(runs, c.req.param("id"));
    const known = await programFolders(roots);
    const targets: ExportTarget[] = programs.map((id) => programOf(known, id));
    if (folder)
      targets.push({ program: undefined, folder: await folderInside(rootOf(roots, folder.root).path, folder.path) });
    return once.do(c, () => exportCheckpoint(places, { ...request, targets }));
  });
  return app;
}

const waitsForReport = "A report is being made, and its model takes the memory.";

const exportInput = z.strictObject({
  checkpoint: z.string().max(255),
  name: z.string().max(255),
  programs: z.array(z.string().max(40)).max(50).default([]),
  /** A folder below a root, in addition. */
  folder: z.strictObject({ root: z.string().max(100), path: z.array(z.string().max(255)).max(100) }).optional(),
  replace: z.boolean().default(false),
});

/** @throws FILE_NOT_FOUND */
function programOf(known: readonly ProgramFolder[], id: string): ProgramFolder {
  const found = known.find((one) => one.id === id);
  if (found) return found;
  throw new CoinageError("FILE_NOT_FOUND", "The program's folder is no longer where it was found.", {
    hint: "Reload the page, and choose again.",
  });
}
