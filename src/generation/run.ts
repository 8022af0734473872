import { rm } from "node:fs/promises";
import path from "node:path";
import { prepareOutputFolder } from "../files/index.ts";
import { modelNameOf } from "../hub/index.ts";
import { decodeImages } from "../networks/index.ts";
import type { Checked, GenerateSettings } from "../options/index.ts";
import type { Picture } from "../pictures/index.ts";
import {
  type GenerationEvent,
  generateBatch,
  type ImageBatch,
  type NamedEmbedding,
  openPipeline,
  type Pipeline,
  type SamplingStepEvent,
} from "../pipeline/index.ts";
import { openDevice, requireDevice } from "../runtime/index.ts";
import { imageTexts } from "./files/image-texts.ts";
import { ImageReader } from "./files/init-images.ts";
import { FreeNames, imageFileName, runPreviewFileName, sheetFileName } from "./files/names.ts";
import {
  type GeneratedImage,
  generatedImage,
  type SheetImage,
  sheetColumns,
  writeImage,
  writePreview,
  writeSheet,
} from "./files/write.ts";
import { type PreparedGeneration, prepareGeneration } from "./prepare.ts";
import type { ImagePlan, PlannedBatch } from "./prompts/plan.ts";
import { generateTyped, typedLines } from "./prompts/typed.ts";
import { unusedWordWarnings } from "./prompts/word-use.ts";
import type { GenerationRunEvent } from "./run-events.ts";

export interface GenerationRunOptions {
  /** Prompts of an interactive run, each read after the images of the previous one (default: lines of standard input). */
  readonly prompts?: AsyncIterable<string> | undefined;
  /** Embeddings in memory that prompts can use, besides those from files. */
  readonly embeddings?: readonly NamedEmbedding[] | undefined;
  /** Whether to write images to the output folder; if not, events carry them. */
  readonly write?: boolean | undefined;
  /** The time for file names. */
  readonly clock?: () => Date;
}

/** Generates the images of a command line, writes them, and yields events. Leaving the loop ends the run after the
 *  current step; images are written as soon as they are decoded, so none is lost.
 *  @throws DEVICE_UNAVAILABLE and as prepareGeneration before the first image; RUNTIME, OUTPUT_UNWRITABLE, PICTURE_UNREADABLE later */
export async function* generateFromSettings(
  { settings, warnings }: Checked<GenerateSettings>,
  { prompts, embeddings, write = true, clock = () => new Date() }: GenerationRunOptions = {},
): AsyncGenerator<GenerationRunEvent, void> {
  const began = performance.now();
  for (const { message } of warnings) yield { kind: "warning", code: "SETTINGS", message };
  await requireDevice(settings.device);
  const folder = write ? path.resolve(settings.outputDir) : undefined;
  if (folder !== undefined) await prepareOutputFolder(settings.outputDir, "--outdir");
  const prepared = yield* prepareGeneration(settings, embeddings);
  const { model, predictionType, hasZeroTerminalSnr, vocabulary, plan, planTyped } = prepared;
  const wantsFloat16 = settings.fp16 || settings.bf16;
  const { runtime, computeDtype, fallbackReason } = await openDevice({ ...settings, wantsFloat16 });
  try {
    const pipeline = openPipeline({ model, predictionType, hasZeroTerminalSnr, vocabulary, runtime, computeDtype });
    const names = new FreeNames([runPreviewFileName]);
    const reader = new ImageReader(prepared.initImageSize);
    const run: Run = { settings, prepared, pipeline, reader, names, clock, folder };
    yield {
      kind: "start",
      device: runtime.device,
      pictures: plan && imagesIn(plan),
      batches: plan?.batches.length,
      folder,
    };
    if (fallbackReason)
      yield { kind: "warning", code: "PRECISION", message: `--fp16 and --bf16 have no effect: ${fallbackReason}.` };
    const events = plan
      ? generatePlan(plan, run)
      : generateTyped(prompts ?? typedLines(process.stdin), planTyped, (typed) => generatePlan(typed, run));
    const files: string[] = [];
    const finals: SheetImage[] = [];
    for await (const event of events) {
      yield event;
      if (event.kind !== "saved") continue;
      files.push(event.file);
      if (event.stage === "final") finals.push(event);
    }
    // while prompts are typed, any word may still be used
    if (!plan) yield* unusedWordWarnings(prepared.use);
    if (settings.sheet && folder !== undefined && finals.length > 0) {
      const file = path.join(folder, names.take(sheetFileName(clock(), settings)));
      await writeSheet(file, finals, sheetColumns(finals.length, settings.imagesPerPrompt));
      yield { kind: "sheet", file, pictures: finals.length };
    }
    yield { kind: "done", files, folder, seconds: (performance.now() - began) / 1000 };
  } finally {
    await runtime.close();
    if (settings.previewEveryNSteps && folder !== undefined)
      await rm(path.join(folder, runPreviewFileName), { force: true });
  }
}

interface Run {
  readonly settings: GenerateSettings;
  readonly prepared: PreparedGeneration;
  readonly pipeline: Pipeline;
  readonly reader: ImageReader;
  readonly names: FreeNames;
  readonly clock: () => Date;
  /** The output folder; undefined: events carry the images. */
  readonly folder: string | undefined;
}

async function* generatePlan(plan: ImagePlan, run: Run): AsyncGenerator<GenerationRunEvent, void> {
  const images = imagesIn(plan);
  let first = 1;
  for (const batch of plan.batches) {
    yield* generateAndWrite(batch, first, images, run);
    first += batch.images.length;
  }
}

function imagesIn({ batches }: ImagePlan): number {
  return batches.reduce((sum, batch) => sum + batch.images.length, 0);
}

/** Generates the images of a batch and writes each as soon as it is decoded. first: number of its first image among all `pictures`, from 1. */
async function* generateAndWrite(
  batch: PlannedBatch,
  first: number,
  pictures: number,
  run: Run,
): AsyncGenerator<GenerationRunEvent, void> {
  const { previewEveryNSteps } = run.settings;
  let time: Date | undefined;
  for await (const event of generateBatch(await imageBatch(batch, run.reader), run.pipeline)) {
    if (event.kind === "warning") yield { kind: "warning", code: "PROMPT", message: event.message };
    if (event.kind === "step") {
      const { step, steps, latents, pass: stage } = event;
      const progress = { step, steps, stage };
      const position = { picture: first, inBatch: batch.images.length, pictures };
      // images of a pass share the time at which the first was finished
      time = undefined;
      yield { kind: "step", ...progress, latents, ...position };
      if (!previewEveryNSteps || step === steps || step % previewEveryNSteps !== 0) continue;
      const previews = await previewsOf(event, run);
      if (run.folder === undefined) {
        const images = previews.map((preview) => generatedImage(preview));
        yield { kind: "previewImages", ...progress, ...position, images };
      } else {
        const file = path.join(run.folder, runPreviewFileName);
        await writePreview(file, previews);
        yield { kind: "preview", ...progress, file, ...position };
      }
    }
    if (event.kind !== "image") continue;
    const { prompt, seed } = event.parameters;
    const about = { picture: first + event.index, pictures, stage: event.pass, prompt, seed };
    const image = imageWithTexts(event, batch, run);
    time ??= run.clock();
    const file = await save(image, event, batch, time, run);
    yield file === undefined ? { kind: "image", image, ...about } : { kind: "saved", file, ...about };
  }
}

async function imageBatch({ sampling, images }: PlannedBatch, reader: ImageReader): Promise<ImageBatch> {
  const inits = await reader.read(images);
  return { sampling, images: images.map(({ image }, i) => ({ ...image, init: inits[i] })) };
}

async function previewsOf(
  { predictedOriginal }: SamplingStepEvent,
  { settings: { vaeSlices }, pipeline: { networks } }: Run,
): Promise<Picture[]> {
  const previews: Picture[] = [];
  const shares = { vaeBatchSize: 1, vaeSlices };
  for await (const picture of decodeImages(networks, predictedOriginal(), shares)) previews.push(picture);
  return previews;
}

type ImageEvent = Extract<GenerationEvent, { kind: "image" }>;

function imageWithTexts(
  { picture, index, parameters }: ImageEvent,
  { images }: PlannedBatch,
  { prepared: { model, checkpoint } }: Run,
): GeneratedImage {
  const [planned, modelName] = [images[index]!, modelNameOf(checkpoint.path)];
  return generatedImage(picture, imageTexts({ planned, parameters, family: model.family, modelName }));
}

/** Writes an image and returns its file; undefined if nothing is written. */
async function save(
  image: GeneratedImage,
  { index, pass }: ImageEvent,
  { images, firstNumber }: PlannedBatch,
  time: Date,
  { settings, names, folder }: Run,
): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  const place = { indexInBatch: index, firstNumber, pass, time };
  const file = path.join(folder, names.take(imageFileName(images[index]!, place, settings)));
  await writeImage(file, image);
  return file;
}
