import { type Context, Hono } from "hono";
import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import type { CheckRequest } from "../checking/check.ts";
import { picturesIn, rootOf } from "../disk/folders.ts";
import { folderInside } from "../disk/names.ts";
import { chunksOf, readJson } from "../http/bodies.ts";
import { answerProblem } from "../http/problems.ts";
import { pictureType } from "../http/types.ts";
import type { StudioParts } from "../parts.ts";
import { commandOf, draftInput, trainInputOf } from "./draft.ts";
import type { OpenDraft } from "./store.ts";
import { takePictures } from "./take.ts";

type Parts = Pick<StudioParts, "drafts" | "models" | "checker" | "roots" | "trash">;

/** Routes of drafts. */
export function draftRoutes({ drafts, models, checker, roots, trash }: Parts): Hono {
  const app = new Hono();
  const opened = (c: Context) => drafts.open(c.req.param("id")!);
  const filesOf = async ({ draft: { model }, pictures, prompts }: OpenDraft) => ({
    modelPath: model ? await models.pathOf(model) : undefined,
    ...{ pictures, prompts },
  });

  app.get("/", async (c) => c.json({ drafts: await drafts.list() }));
  app.get("/:id", async (c) => c.json({ draft: (await opened(c)).draft }));
  app.put("/:id", async (c) => {
    const input = await readJson(c, draftInput);
    const draft = await drafts.openOrMake(c.req.param("id"));
    try {
      return c.json({ draft: await draft.change(input) });
    } catch (error) {
      const isStale = error instanceof CoinageError && error.code === "DRAFT_CHANGED";
      return answerProblemOr(isStale, c, error, draft);
    }
  });
  app.delete("/:id", async (c) => {
    return c.json({ trash: await drafts.discard(c.req.param("id"), trash) });
  });

  const requestOf = async (open: OpenDraft): Promise<CheckRequest> => {
    const input = trainInputOf(open.draft, await filesOf(open));
    const { word, settings, pictures, prompts } = open.draft;
    return { input, word, settings, pictures, prompts };
  };
  app.post("/:id/check", async (c) => {
    const open = await opened(c);
    const check = await checker.check(open.draft.id, () => requestOf(open));
    const [dataset] = check.run?.dataset.datasets ?? [];
    if (dataset) await open.setTrainedSize(dataset.resolution);
    return c.json(check);
  });
  app.post("/:id/alternatives", async (c) =>
    c.json({ alternatives: await checker.alternatives(await requestOf(await opened(c))) }),
  );
  app.get("/:id/command", async (c) => {
    const open = await opened(c);
    return c.json({ command: commandOf(open.draft, await filesOf(open)) });
  });

  app.put("/:id/pictures/:name", async (c) => {
    const open = await drafts.openOrMake(c.req.param("id"));
    const picture = await open.addPicture({
      original: originalName(c.req.param("name")),
      bytes: chunksOf(c.req.raw.body),
      announced: announcedBytes(c),
    });
    return c.json({ picture });
  });
  app.get("/:id/pictures/:name", async (c) => {
    const what = c.req.query("whole") === undefined ? "preview" : "whole";
    const open = await opened(c);
    const bytes = await open.readPicture(c.req.param("name"), what);
    c.header(
      "Content-Type",
      what === "preview" ? "image/webp" : (pictureType(c.req.param("name")) ?? "application/octet-stream"),
    );
    // the picture under a name never changes: a new one gets a new number
    c.header("Cache-Control", "private, max-age=31536000, immutable");
    return c.body(new Uint8Array(bytes));
  });
  app.delete("/:id/pictures/:name", async (c) => {
    await (await opened(c)).removePicture(c.req.param("name"));
    return c.json({});
  });
  app.post("/:id/pictures/:name/restore", async (c) =>
    c.json({ picture: await (await opened(c)).restorePicture(c.req.param("name")) }),
  );
  app.post("/:id/folder", async (c) => {
    const { root, path } = await readJson(c, folderInput);
    const open = await drafts.openOrMake(c.req.param("id"));
    const from = rootOf(roots, root);
    const names = await picturesIn(from, path);
    const originalOf = (name: string) => [...path.slice(-1), name].join("/");
    return c.json(await takePictures(open, await folderInside(from.path, path), names, originalOf));
  });
  return app;
}

const folderInput = z.strictObject({ root: z.string().max(100), path: z.array(z.string().max(255)).max(100) });

/** Answers a stale change with the problem and the current draft; rethrows other errors. */
function answerProblemOr(isStale: boolean, c: Context, error: unknown, { draft }: OpenDraft): Response {
  if (!isStale) throw error;
  return answerProblem(c, error, { draft });
}

/** The page's name of a file: any text, since it never becomes a name on disk. @throws NAME_REFUSED */
function originalName(name: string): string {
  if (name !== "" && name.length <= 1000) return name;
  throw new CoinageError("NAME_REFUSED", "The name of the image is empty, or has more than 1000 characters.", {
    hint: "Rename the file.",
  });
}

/** The Content-Length. @throws BODY_INVALID if it is no length */
function announcedBytes(c: Context): number | undefined {
  const length = c.req.header("content-length");
  if (length === undefined) return undefined;
  if (/^\d{1,15}$/.test(length)) return Number(length);
  throw new CoinageError("BODY_INVALID", "The Content-Length is not a number.");
}
