import { Hono } from "hono";
import { z } from "zod";
import { CoinageError } from "../errors/index.ts";
import { fixOf } from "./checking/fixes.ts";
import { checkWord } from "./checking/word.ts";
import { listFolder, rootOf } from "./disk/folders.ts";
import { draftRoutes } from "./drafts/routes.ts";
import { listedSettings } from "./drafts/settings.ts";
import { readQuery } from "./http/bodies.ts";
import { csrfOf, guards, isApi, type Keys, letIn } from "./http/guards.ts";
import { answerProblem, isBug } from "./http/problems.ts";
import type { StudioParts } from "./parts.ts";
import { RunHistories } from "./runs/histories.ts";
import { trashRoutes } from "./runs/keeping.ts";
import { runEvents, runRoutes } from "./runs/routes.ts";
import { Shell } from "./shell.ts";
import { usingRoutes } from "./using/routes.ts";

/** All routes of the studio, behind its guards. Everything that changes or returns data is below /api. */
export function studioApp(parts: StudioParts, keys: Keys): Hono {
  const app = new Hono();
  app.use(guards(keys));
  app.onError((error, c) => {
    if (isBug(error)) parts.report(error);
    return answerProblem(c, error);
  });
  const shell = new Shell();
  app.notFound(async (c) => {
    // the page itself reports a mistyped address
    if (c.req.method === "GET" && !isApi(c.req.path)) return c.html(await shell.document(), 404);
    const asked = `${c.req.method} ${c.req.path.slice(0, 200)}`;
    return answerProblem(c, new CoinageError("ROUTE_UNKNOWN", `The studio has no ${asked}.`));
  });

  for (const page of ["/", "/new", "/run/:id", "/run/:id/compare", "/run/:id/use"])
    app.get(page, async (c) => letIn(c, keys) ?? c.html(await shell.document()));
  app.get("/assets/:name", async (c) => {
    const file = await shell.file(c.req.param("name"));
    if (!file) return c.notFound();
    c.header("Content-Type", file.type);
    // the address contains the version
    if (c.req.query("v") !== undefined || /-[A-Z0-9]{8}\.js$/.test(c.req.param("name")))
      c.header("Cache-Control", "private, max-age=31536000, immutable");
    return c.body(file.text);
  });

  app.get("/api/state", (c) => c.json({ version: parts.version, csrf: csrfOf(keys.key), roots: parts.roots }));
  app.get("/api/models", async (c) => c.json({ models: await parts.models.list() }));
  app.get("/api/devices", async (c) => c.json({ devices: await parts.checker.devices() }));
  app.get("/api/settings", (c) => c.json({ settings: listedSettings() }));
  app.get("/api/words", async (c) => {
    const { word, init, vectors } = readQuery(c, wordQuery);
    const { problem, ...facts } = await checkWord({ word, initWord: init, vectors });
    const fix = problem && fixOf(problem, { ...facts, word, settings: {}, pictures: [], prompts: [], run: undefined });
    return c.json({ ...facts, ...(problem && { problem: { ...problem, ...(fix && { fix }) } }) });
  });
  app.get("/api/folders", async (c) => {
    const { root, path } = readQuery(c, folderQuery);
    return c.json(await listFolder(rootOf(parts.roots, root), namesOf(path)));
  });
  app.post("/api/tickets", (c) => c.json({ ticket: parts.makeTicket() }));
  app.route("/api/drafts", draftRoutes(parts));
  // shared by all routes, so that each journal is read once
  const histories = new RunHistories();
  app.route("/api/runs", runRoutes(parts, histories));
  app.route("/api/trash", trashRoutes(parts));
  app.route("/api", usingRoutes(parts, histories));
  app.get("/api/events", (c) => runEvents(c, parts));
  return app;
}

const folderQuery = z.object({ root: z.string().max(100), path: z.string().max(4000).default("") });

const wordQuery = z.object({
  word: z.string().max(200),
  init: z.string().max(200).optional(),
  vectors: z.coerce.number().int().min(1).max(225).default(1),
});

/** Folder names of a path from the listings, which is separated by /. */
function namesOf(path: string): string[] {
  return path === "" ? [] : path.split("/");
}
