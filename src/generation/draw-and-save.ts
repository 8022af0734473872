import path from "node:path";
import { modelNameOf } from "../hub/index.ts";
import { type FreeNames, type NameSettings, pictureFileName, previewFileName } from "./files/names.ts";
import { writePreview } from "./files/sheet.ts";
import type { SourceReader } from "./files/source-files.ts";
import { pictureTexts } from "./files/texts.ts";
import { writeImage } from "./files/write.ts";
import type { PictureGenerator } from "./generator.ts";
import { type GeneratedImage, generatedImage } from "./image.ts";
import type { Preparation } from "./prepare.ts";
import type { PlannedBatch } from "./prompts/plan.ts";
import type { GenerationEvent, PictureBatch } from "./request.ts";
import type { GenerationRunEvent } from "./run-events.ts";

export interface SaveContext {
  readonly settings: NameSettings;
  readonly preparation: Preparation;
  readonly generator: PictureGenerator;
  readonly sources: SourceReader;
  readonly names: FreeNames;
  readonly clock: () => Date;
  /** Where images go; undefined: events carry them. */
  readonly folder: string | undefined;
}

/** Generates the images of a batch, and writes each as soon as it is there. first: number of its first picture among all `pictures`, from 1. */
export async function* drawAndSave(
  batch: PlannedBatch,
  { first, pictures }: { readonly first: number; readonly pictures: number },
  context: SaveContext,
): AsyncGenerator<GenerationRunEvent, void> {
  let time: Date | undefined;
  for await (const event of context.generator.draw(await pictureBatch(batch, context.sources))) {
    if (event.kind === "warning") yield { kind: "warning", code: "PROMPT", message: event.message };
    if (event.kind === "step") {
      const { indices, ...step } = event;
      // the pictures of a stage share the time at which the first of them was finished
      time = undefined;
      yield { ...step, picture: first + indices[0]!, inBatch: indices.length, pictures };
    }
    if (event.kind === "preview") {
      const { indices, previews, ...rest } = event;
      const step = { ...rest, picture: first + indices[0]!, inBatch: indices.length, pictures };
      if (context.folder === undefined) {
        const images = previews.map((preview) => generatedImage(preview));
        yield { ...step, kind: "previewImages", images };
      } else {
        const file = path.join(context.folder, previewFileName);
        await writePreview(file, previews);
        yield { ...step, file };
      }
    }
    if (event.kind !== "image") continue;
    const { index, stage, parameters } = event;
    const { prompt, seed } = parameters;
    const about = { picture: first + index, pictures, stage, prompt, seed };
    const image = imageWithTexts(event, batch, context);
    time ??= context.clock();
    const file = await save(image, event, batch, time, context);
    yield file === undefined ? { kind: "image", image, ...about } : { kind: "saved", file, ...about };
  }
}

type ImageEvent = Extract<GenerationEvent, { kind: "image" }>;

function imageWithTexts(
  { picture, index, parameters }: ImageEvent,
  { pictures }: PlannedBatch,
  { preparation }: SaveContext,
): GeneratedImage {
  const planned = pictures[index]!;
  const { family } = preparation.model;
  const modelName = modelNameOf(preparation.checkpoint.path);
  return generatedImage(picture, pictureTexts({ planned, parameters, family, modelName }));
}

async function pictureBatch({ sampling, pictures }: PlannedBatch, reader: SourceReader): Promise<PictureBatch> {
  const sources = await reader.read(pictures);
  return { sampling, pictures: pictures.map(({ order }, i) => ({ ...order, source: sources[i] })) };
}

/** The file an image was written to; undefined where none is written. */
async function save(
  image: GeneratedImage,
  { index, stage }: ImageEvent,
  { pictures, firstNumber }: PlannedBatch,
  time: Date,
  { settings, names, folder }: SaveContext,
): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  const place = { indexInBatch: index, firstNumber, stage, time };
  const file = path.join(folder, names.take(pictureFileName(pictures[index]!, place, settings)));
  await writeImage(file, image);
  return file;
}
