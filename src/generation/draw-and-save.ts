import path from "node:path";
import { modelNameOf } from "../hub/index.ts";
import { type FreeNames, type NameSettings, pictureFileName, previewFileName } from "./files/names.ts";
import { writePreview } from "./files/sheet.ts";
import type { SourceReader } from "./files/source-files.ts";
import { pictureTexts } from "./files/texts.ts";
import { writePicture } from "./files/write.ts";
import type { PictureGenerator } from "./generator.ts";
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
  readonly folder: string;
}

/** Draws a batch and writes each picture as soon as it is there. first: number of its first picture among all `pictures`, from 1. */
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
      const { indices, previews, ...step } = event;
      const file = path.join(context.folder, previewFileName);
      await writePreview(file, previews);
      yield { ...step, file, picture: first + indices[0]!, inBatch: indices.length, pictures };
    }
    if (event.kind !== "image") continue;
    time ??= context.clock();
    const file = await save(event, batch, time, context);
    const { prompt, seed } = event.parameters;
    yield { kind: "saved", file, picture: first + event.index, pictures, stage: event.stage, prompt, seed };
  }
}

async function pictureBatch({ sampling, pictures }: PlannedBatch, reader: SourceReader): Promise<PictureBatch> {
  const sources = await reader.read(pictures);
  return { sampling, pictures: pictures.map(({ order }, i) => ({ ...order, source: sources[i] })) };
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
  const modelName = modelNameOf(preparation.checkpoint.path);
  await writePicture(file, picture, pictureTexts({ planned, parameters, family, modelName }));
  return file;
}
