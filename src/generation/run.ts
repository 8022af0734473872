import path from "node:path";
import type { GenerateSettings } from "../options/index.ts";
import { openRuntime } from "../runtime/index.ts";
import { FreeNames, type NameSettings, pictureFileName } from "./files/names.ts";
import { loadSource } from "./files/source-files.ts";
import { pictureTexts } from "./files/texts.ts";
import { writePicture } from "./files/write.ts";
import { openGenerator, type PictureGenerator } from "./generator.ts";
import { type Preparation, prepareRun } from "./prepare.ts";
import type { PlannedBatch } from "./prompts/plan.ts";
import type { GenerationEvent, PictureBatch } from "./request.ts";
import type { GenerationRunEvent } from "./run-events.ts";

export interface GenerationRunOptions {
  /** The time for file names. */
  readonly clock?: () => Date;
}

/** Draws what a command line asks for and writes it, telling of everything that happens. Whoever returns from it stops after the step under
 *  way; pictures are written as soon as they are drawn, so none is lost.
 *  @throws what prepareRun throws before anything is drawn; RUNTIME, OUTPUT_UNWRITABLE, PICTURE_UNREADABLE while drawing */
export async function* generateFromSettings(
  settings: GenerateSettings,
  { clock = () => new Date() }: GenerationRunOptions = {},
): AsyncGenerator<GenerationRunEvent, void> {
  const began = performance.now();
  const preparation = yield* prepareRun(settings);
  const { batches } = preparation.plan;
  const device = settings.device === "auto" ? "cpu" : settings.device;
  const runtime = openRuntime({ device, ...(settings.threads && { threads: settings.threads }) });
  try {
    const folder = path.resolve(settings.outdir);
    const pictures = batches.reduce((sum, batch) => sum + batch.pictures.length, 0);
    yield { kind: "start", device, pictures, batches: batches.length, folder };
    const { model, predictionType, vocabulary } = preparation;
    const hasZeroTerminalSnr = settings.zeroTerminalSnr;
    const generator = openGenerator({ model, predictionType, hasZeroTerminalSnr, vocabulary, runtime });
    const names = new FreeNames();
    const context: SaveContext = { settings, preparation, generator, names, clock, folder, pictures };
    const files: string[] = [];
    let first = 1;
    for (const batch of batches) {
      files.push(...(yield* drawAndSave(batch, first, context)));
      first += batch.pictures.length;
    }
    yield { kind: "done", files, folder, seconds: (performance.now() - began) / 1000 };
  } finally {
    await runtime.close();
  }
}

interface SaveContext {
  readonly settings: NameSettings;
  readonly preparation: Preparation;
  readonly generator: PictureGenerator;
  readonly names: FreeNames;
  readonly clock: () => Date;
  readonly folder: string;
  /** In the run. */
  readonly pictures: number;
}

/** Draws a batch and writes its pictures; gives the files. first: number of its first picture in the run, from 1. */
async function* drawAndSave(
  batch: PlannedBatch,
  first: number,
  context: SaveContext,
): AsyncGenerator<GenerationRunEvent, string[]> {
  const { pictures } = context;
  const files: string[] = [];
  let time: Date | undefined;
  for await (const event of context.generator.draw(await pictureBatch(batch, context.preparation))) {
    if (event.kind === "warning") yield { kind: "warning", code: "PROMPT", message: event.message };
    if (event.kind === "step") {
      const { indices, ...step } = event;
      // the pictures of a stage share the time at which the first of them was finished
      time = undefined;
      yield { ...step, picture: first + indices[0]!, inBatch: indices.length, pictures };
    }
    if (event.kind !== "image") continue;
    time ??= context.clock();
    const file = await save(event, batch, time, context);
    files.push(file);
    const { prompt, seed } = event.parameters;
    yield { kind: "saved", file, picture: first + event.index, pictures, stage: event.stage, prompt, seed };
  }
  return files;
}

async function pictureBatch({ sampling, pictures }: PlannedBatch, { sourceSize }: Preparation): Promise<PictureBatch> {
  const orders = pictures.map(async ({ order, source, mask }) => ({
    ...order,
    source: source && (await loadSource(source, mask, sourceSize)),
  }));
  return { sampling, pictures: await Promise.all(orders) };
}

async function save(
  { picture, index, stage, parameters }: Extract<GenerationEvent, { kind: "image" }>,
  { pictures, firstNumber }: PlannedBatch,
  time: Date,
  { settings, preparation, names, folder }: SaveContext,
): Promise<string> {
  const planned = pictures[index]!;
  const name = names.take(pictureFileName(planned, { indexInBatch: index, firstNumber, stage, time }, settings));
  const file = path.join(folder, name);
  const { family } = preparation.model;
  const modelName = path.parse(preparation.checkpoint.path).name;
  await writePicture(file, picture, pictureTexts({ planned, parameters, family, modelName }));
  return file;
}
