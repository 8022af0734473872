import { readTrainRecord, type TrainInput } from "./options/index.ts";
import { train as runTraining, type TrainingEvent, type TrainOptions } from "./training/index.ts";

/** Teaches a model a new word, and tells what happens as it happens. Leaving the loop frees everything.
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
 *  @throws CoinageError: USAGE, SETTINGS_MISSING, SETTINGS_CONFLICT, and whatever is wrong with model, pictures or output */
export async function* train(settings: TrainInput, options: TrainOptions = {}): AsyncGenerator<TrainingEvent, void> {
  yield* runTraining(await readTrainRecord(settings), options);
}
