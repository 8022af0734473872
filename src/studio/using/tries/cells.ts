import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { CoinageError } from "../../../errors/index.ts";
import { digestOf } from "../../../files/index.ts";
import { readTrainRecord, type TrainSettings } from "../../../options/index.ts";
import { type Entry, isUnderWay, type RunPlaces, type RunRow } from "../../../runs/index.ts";
import { openInside } from "../../disk/names.ts";
import type { DrawModel, DrawRequest } from "./draw.ts";
import { type TryFacts, triesFolder } from "./kept.ts";

const side = z.int().min(64).max(2048);

/** Images to draw: checkpoints, prompts and seeds, all in one size. */
export const tryInput = z.strictObject({
  run: z.string().max(255),
  cells: z
    .array(
      z.strictObject({
        /** Name of a checkpoint; "start": the init word instead of the word; "now": the current vectors of a run in progress, else the newest checkpoint. */
        checkpoint: z.string().max(255),
        prompt: z.string().min(1).max(2000),
        seed: z
          .int()
          .min(0)
          .max(2 ** 32 - 1),
      }),
    )
    .min(1)
    .max(200),
  negativePrompt: z.string().max(2000).default(""),
  width: side.optional(),
  height: side.optional(),
  steps: z.int().min(1).max(500).default(20),
  guidance: z.number().min(0).max(100).default(7.5),
});
export type TryInput = z.output<typeof tryInput>;

/** A wanted image: who draws it, and how. */
export type Cell =
  | { readonly by: "generator"; readonly checkpoint: string; readonly facts: TryFacts; readonly draw: DrawRequest }
  | { readonly by: "trainer"; readonly checkpoint: "now"; readonly facts: TryFacts; readonly prompt: string };

/** The wanted images of a run, each with an id made from everything its pixels depend on, except those that the trainer draws.
 *  start: the run's last `start` event, if known. @throws FILE_NOT_FOUND, NAME_REFUSED, PROMPT_INVALID, TRY_FAILED, any error in the settings */
export async function cellsOf(
  input: TryInput,
  { places, row }: { readonly places: RunPlaces; readonly row: RunRow },
  start: Extract<Entry, { readonly kind: "start" }> | undefined,
): Promise<readonly Cell[]> {
  const { settings } = await readTrainRecord({ configFile: places.config, outputDir: places.checkpoints });
  const trained = start?.run.dataset.datasets[0]?.resolution ?? settings.resolution ?? [512, 512];
  const [width, height] = [input.width ?? trained[0], input.height ?? trained[1]].map(
    (pixels) => pixels - (pixels % 8),
  );
  const { negativePrompt, steps, guidance } = input;
  const shared = { negativePrompt, width: width!, height: height!, steps, guidance };
  const model = modelOf(settings);
  const version = await versionOf(model);
  const isLive = row.state !== undefined && isUnderWay(row.state);
  const embeddings = new Map<string, ReturnType<typeof embeddingOf>>();
  /** Reads each checkpoint only once. */
  const embeddingNamed = (name: string): ReturnType<typeof embeddingOf> => {
    const known = embeddings.get(name) ?? embeddingOf(places, settings.tokenString, name);
    embeddings.set(name, known);
    return known;
  };
  const cells: Cell[] = [];
  for (const { checkpoint: asked, prompt, seed } of input.cells) {
    refuseOptions(prompt, negativePrompt);
    const facts = { ...shared, prompt, seed };
    if (asked === "now" && isLive) {
      cells.push(liveCell(facts));
      continue;
    }
    const checkpoint = asked === "now" ? newest(row) : asked;
    const isStart = checkpoint === "start";
    const embedding = isStart ? undefined : await embeddingNamed(checkpoint);
    const request = {
      ...{ prompt: isStart ? withInitWord(prompt, settings, start?.run.initWord) : prompt, negativePrompt, seed },
      ...{ width: shared.width, height: shared.height, steps, guidanceScale: guidance, clipSkip: settings.clipSkip },
    };
    const content = { model, version, vectors: embedding?.sha256, word: embedding?.word, request };
    const id = digestOf(new TextEncoder().encode(JSON.stringify(content))).slice(0, 32);
    const file = path.join(triesFolder(places), `${id}.png`);
    cells.push({ by: "generator", checkpoint, facts: { id, ...facts }, draw: { model, embedding, request, file } });
  }
  return cells;
}

let asked = 0;

/** An image with the trainer's current vectors. Always a new one, since the vectors change. */
function liveCell(facts: Omit<TryFacts, "id">): Cell {
  const { prompt, negativePrompt, width, height, steps, guidance } = facts;
  const id = `now-${Date.now()}-${++asked}`;
  const options = `--w ${width} --h ${height} --s ${steps} --l ${guidance}`;
  const negative = negativePrompt === "" ? "" : ` --n ${negativePrompt}`;
  return { by: "trainer", checkpoint: "now", facts: { id, ...facts }, prompt: `${prompt}${negative} ${options}` };
}

/** The newest checkpoint. @throws FILE_NOT_FOUND */
function newest({ file }: RunRow): string {
  if (file !== undefined) return file.split(/[/\\]/).at(-1)!;
  throw new CoinageError("FILE_NOT_FOUND", "The run has saved no embedding yet.", {
    hint: "Try it with the checkpoint start, or go on with the run: it saves one at its end.",
  });
}

async function embeddingOf({ checkpoints }: RunPlaces, word: string, name: string) {
  // refuses links and names that lead elsewhere
  await (await openInside(checkpoints, name)).close();
  const file = path.join(checkpoints, name);
  return { word, file, sha256: digestOf(await readFile(file)) };
}

/** The prompt with the init word instead of the word. @throws TRY_FAILED for a run that started from no word */
function withInitWord(prompt: string, { tokenString, initWord }: TrainSettings, found: string | undefined): string {
  const start = found ?? (initWord === "auto" ? undefined : initWord);
  if (start !== undefined) return prompt.replaceAll(tokenString, start);
  throw new CoinageError("TRY_FAILED", "The run did not start from a word, so there is none to compare with.", {
    hint: "Compare with its first checkpoint.",
  });
}

/** Refuses prompts with options of a prompt file: here, fields set them. @throws PROMPT_INVALID */
function refuseOptions(...prompts: readonly string[]): void {
  for (const prompt of prompts)
    if (/(^|\s)--|[\n\r\u0085\u2028\u2029]/.test(prompt))
      throw new CoinageError(
        "PROMPT_INVALID",
        `The prompt ${JSON.stringify(prompt.slice(0, 80))} has options or lines.`,
        {
          hint: "Write only what is to be seen; size, steps, seed and guidance have fields of their own.",
        },
      );
}

function modelOf(settings: TrainSettings): DrawModel {
  const { pretrainedModelNameOrPath: file, vae, v2, vParameterization, zeroTerminalSnr, device, threads } = settings;
  return {
    ...{ path: file, vae, family: v2 ? "sd2" : undefined, device, threads },
    predictsVelocity: vParameterization,
    hasZeroTerminalSnr: zeroTerminalSnr,
  };
}

/** A version that changes when a local file of the model does. */
async function versionOf({ path: file, vae }: DrawModel): Promise<string> {
  const stamps = [file, vae].map(async (one) => {
    const found = one === undefined ? undefined : await stat(one).catch(() => undefined);
    return found ? `${found.size} ${found.mtimeMs}` : "";
  });
  return (await Promise.all(stamps)).join();
}
