import type { PromptEmbedding } from "./embeddings.ts";
import { type StopOptions, unlessAborted, untilAborted } from "./events/index.ts";
import { type GeneratedImage, type GenerationRunEvent, generateFromSettings, typedLines } from "./generation/index.ts";
import { checkGenerateSettings, type GenerateInput, parseGenerateRecord } from "./options/index.ts";

export interface GenerateOptions extends StopOptions {
  /** Embeddings in memory that prompts can use, besides the files of `textualInversionEmbeddings`. */
  readonly embeddings?: readonly PromptEmbedding[] | undefined;
  /** false: nothing is written, and `image` events carry the images. */
  readonly write?: boolean | undefined;
  /** Prompts that arrive one by one while the model stays loaded: makes the run `interactive`. */
  readonly prompts?: AsyncIterable<string> | undefined;
}

/** The result of a run of `generate`. */
export interface GenerateResult {
  /** Files of the written images. */
  readonly files: readonly string[];
  /** The images, with `write: false`; empty with `prompts`, which may never end. */
  readonly images: readonly GeneratedImage[];
  /** Stopped by the signal before all images were generated. */
  readonly isInterrupted: boolean;
}

/** Generates images into a folder, or without writing any, and yields events. Leaving the loop, or aborting options.signal,
 *  stops after the current step. Returns the result: see `resultOf`.
 *
 *  ```ts
 *  const run = generate({
 *    pretrainedModelNameOrPath: "model.safetensors",
 *    textualInversionEmbeddings: ["out/mycat.safetensors"],
 *    prompt: "a photo of mycat in the snow",
 *    seed: 1,
 *    outputDir: "images",
 *  });
 *  for await (const event of run) if (event.kind === "saved") console.log(event.file);
 *  ```
 *  @throws CoinageError: USAGE, SETTINGS_MISSING, SETTINGS_CONFLICT, and any error in model, embeddings or prompts */
export async function* generate(
  settings: GenerateInput,
  options: GenerateOptions = {},
): AsyncGenerator<GenerationRunEvent, GenerateResult> {
  const { signal, write, prompts, embeddings } = options;
  const interactive = settings.interactive || prompts !== undefined;
  const checked = checkGenerateSettings(parseGenerateRecord({ ...settings, interactive }));
  const files: string[] = [];
  const images: GeneratedImage[] = [];
  let isDone = false;
  const lines = prompts ? untilAborted(prompts, signal) : interactive ? typedLines(process.stdin, signal) : undefined;
  const run = generateFromSettings(checked, { prompts: lines, embeddings, write });
  for await (const event of unlessAborted(run, signal)) {
    yield event;
    if (event.kind === "saved") files.push(event.file);
    if (event.kind === "image" && !interactive) images.push(event.image);
    if (event.kind === "done") isDone = true;
  }
  return { files, images, isInterrupted: !isDone };
}
