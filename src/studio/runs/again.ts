import { randomUUID } from "node:crypto";
import path from "node:path";
import { Hono } from "hono";
import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import { aboutRun, type Entry, type RunPlaces, readSources, settingsOfRun } from "../../runs/index.ts";
import { lastSaved, type SettingsChange, sameInLessMemory } from "../checking/cheaper.ts";
import { picturesIn } from "../disk/folders.ts";
import { openInside } from "../disk/names.ts";
import type { Draft, DraftInput } from "../drafts/draft.ts";
import { typedPrompt } from "../drafts/prompts.ts";
import { type DraftSettings, requireDraftable } from "../drafts/settings.ts";
import { takePictures } from "../drafts/take.ts";
import { readJson } from "../http/bodies.ts";
import type { StudioParts } from "../parts.ts";
import type { Act, AskedRun } from "./acting.ts";
import type { RunHistories } from "./histories.ts";

type Parts = Pick<StudioParts, "drafts" | "models"> & { readonly histories: RunHistories };

/** Routes that make drafts from runs. */
export function againRoutes(act: Act, parts: Parts): Hono {
  const app = new Hono();

  app.post("/:id/again", async (c) => {
    const { lessMemory } = await readJson(c, z.strictObject({ lessMemory: z.boolean().default(false) }));
    return act(c, (run) => (lessMemory ? draftForLessMemory(run, parts) : draftOf(run, parts)));
  });
  app.post("/:id/branch", async (c) => {
    const { checkpoint } = await readJson(c, z.strictObject({ checkpoint: z.string().max(255) }));
    return act(c, async (run) => {
      const handle = await openInside(run.places.checkpoints, checkpoint);
      await handle.close();
      return draftOf(run, parts, { weights: path.join(run.places.checkpoints, checkpoint) });
    });
  });
  return app;
}

/** A draft of a run, for the page to start at once or to show. */
interface Again {
  readonly draft: Draft;
  /** Whether the draft has everything the run had: a run from a terminal may have settings that a draft cannot have. */
  readonly isWhole: boolean;
}

interface Changed {
  /** An embedding to start from. */
  readonly weights?: string | undefined;
  /** New settings by flag; null removes the flag. */
  readonly settings?: SettingsChange["settings"];
}

/** A new draft of a run that ran out of memory: it needs less and learns the same. It continues from the last saved vectors for the remaining steps,
 *  since a training state is of use only with the same batch. @throws RUN_SMALLEST */
async function draftForLessMemory(run: AskedRun, parts: Parts): Promise<Again> {
  const history = await parts.histories.of(run.places);
  const { settings, checkpoints } = await aboutRun(run.places, history);
  const summary = history.start?.run;
  const change = sameInLessMemory({ settings: settings as DraftSettings, run: summary });
  if (!change)
    throw new CoinageError(
      "RUN_SMALLEST",
      "Its steps take one image after the other and compute results twice already.",
      {
        where: run.row.id,
        hint: "Make it again with changes: smaller images, or fewer vectors.",
      },
    );
  const steps = summary?.steps ?? 0;
  const last = lastSaved(checkpoints, steps);
  const left = last && { max_train_steps: steps - last.step, max_train_epochs: null };
  return draftOf(run, parts, {
    weights: last && path.join(run.places.checkpoints, last.name),
    settings: { ...change.settings, ...left },
  });
}

/** A new draft with the settings, images and captions of a run. */
async function draftOf(
  { places, row }: AskedRun,
  { drafts, models, histories }: Parts,
  { weights, settings: changes = {} }: Changed = {},
): Promise<Again> {
  const settings = await settingsOfRun(places);
  const { start } = await histories.of(places);
  const wanted = Object.entries({ ...datasetSettings(start), ...settings, ...changes }).filter(
    ([, value]) => value !== null,
  );
  const model = settings.pretrained_model_name_or_path;
  const open = await drafts.openOrMake(randomUUID().replaceAll("-", ""));
  try {
    await open.setOrigin(row.id, weights);
    const isWhole = await takeRunPictures(open, places, start);
    await open.change({
      revision: 0,
      word: row.word ?? "",
      model: typeof model === "string" ? await models.modelOf(model) : null,
      settings: draftable(Object.fromEntries(wanted)),
      prompts: await promptsOf(places, settings.sample_prompts),
    });
    return { draft: open.draft, isWhole };
  } catch (error) {
    await drafts.drop(open.draft.id);
    throw error;
  }
}

type StartEvent = Extract<Entry, { readonly kind: "start" }>;

/** Copies the images of a run: its own, if the studio made it, else those it read elsewhere. Returns whether they were its own. */
async function takeRunPictures(
  open: Parameters<typeof takePictures>[0],
  places: RunPlaces,
  start: StartEvent | undefined,
): Promise<boolean> {
  const { pictures } = await readSources(places);
  const originals = new Map(pictures.map(({ file, original }) => [file, original]));
  const own = places.pictures;
  const ownNames = await imagesIn(own);
  if (ownNames.length > 0) {
    await takePictures(open, own, ownNames, (name) => originals.get(name) ?? name);
    return true;
  }
  const folders = start?.run.dataset.datasets.flatMap(({ subsets }) => subsets.map(({ directory }) => directory)) ?? [];
  for (const folder of new Set(folders))
    await takePictures(open, folder, await imagesIn(folder), (name) => `${path.basename(folder)}/${name}`);
  return false;
}

async function imagesIn(folder: string): Promise<readonly string[]> {
  return picturesIn({ id: "run", path: folder }, []).catch(() => []);
}

/** The settings that stand for a dataset config in a draft. */
function datasetSettings(start: StartEvent | undefined): DraftInput["settings"] {
  const [first] = start?.run.dataset.datasets ?? [];
  if (!first) return {};
  return {
    resolution: [...first.resolution],
    train_batch_size: first.batchSize,
    ...(first.bucketing && { enable_bucket: true }),
  };
}

/** The settings that a draft can have: none with paths. */
function draftable(settings: Readonly<Record<string, unknown>>): DraftInput["settings"] {
  const kept = Object.entries(settings as DraftInput["settings"]).filter(([flag, value]) => {
    try {
      requireDraftable({ [flag]: value });
      return true;
    } catch (error) {
      if (error instanceof CoinageError) return false;
      throw error;
    }
  });
  return Object.fromEntries(kept);
}

/** Limits of a draft's prompts. */
const [mostPrompts, longestPrompt, promptBytes] = [20, 2000, 100_000];

/** The prompts of a run: from the file in its folder, else from the text file it read. */
async function promptsOf({ folder }: RunPlaces, given: unknown): Promise<string[]> {
  if (typeof given !== "string" || path.extname(given) !== ".txt") return [];
  const own = await openInside(folder, path.basename(given)).catch(() => undefined);
  const handle = own ?? (await openInside(path.dirname(given), path.basename(given)).catch(() => undefined));
  if (!handle) return [];
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(promptBytes), 0, promptBytes, 0);
  await handle.close();
  const lines = buffer.subarray(0, bytesRead).toString("utf8").split(/\r?\n/);
  const prompts = lines.map(typedPrompt).filter((line) => /^[^#]/.test(line) && line.length <= longestPrompt);
  return prompts.slice(0, mostPrompts);
}
