import { version } from "./assets/index.ts";
import { type Embedding, readEmbedding } from "./embeddings.ts";
import type { StopOptions } from "./events/index.ts";
import { readTrainRecord, type TrainInput } from "./options/index.ts";
import { train as runTraining, type TrainingEvent } from "./training/index.ts";

type DoneEvent = Extract<TrainingEvent, { readonly kind: "done" }>;

/** The result of a training run. */
export interface TrainResult extends Omit<DoneEvent, "kind" | "failure"> {
  /** The learned embedding, as in the file, named `word`. */
  readonly embedding: Embedding;
}

/** Teaches a model a new word, and yields events. Leaving the loop frees everything; aborting `options.signal` finishes the step and
 *  saves. Returns what was learned, or undefined if stopped before the first step: see `resultOf`.
 *
 *  ```ts
 *  const run = train({
 *    pretrainedModelNameOrPath: "model.safetensors",
 *    datasetConfig: "dataset.toml",
 *    tokenString: "mycat",
 *    initWord: "cat",
 *    learningRate: 5e-3,
 *    outputDir: "out",
 *  });
 *  for await (const event of run) if (event.kind === "step") console.log(event.step, event.loss);
 *  ```
 *  @throws CoinageError: USAGE, SETTINGS_MISSING, SETTINGS_CONFLICT, and any error in model, images or output */
export async function* train(
  settings: TrainInput,
  options: StopOptions = {},
): AsyncGenerator<TrainingEvent, TrainResult | undefined> {
  let last: DoneEvent | undefined;
  const request = await readTrainRecord(settings);
  // loaded only with --queue: it needs optional packages
  const cluster = request.settings.queue === undefined ? undefined : await import("./cluster/index.ts");
  const sharing = cluster?.sharingOf(request.settings, await version());
  for await (const event of runTraining(request, { ...options, sharing })) {
    if (event.kind === "done") last = event;
    yield event;
  }
  if (!last) return undefined;
  const { kind, failure, ...outcome } = last;
  return { ...outcome, embedding: await readEmbedding(last.file, last.word) };
}
