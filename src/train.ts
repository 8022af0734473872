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
 *  options.settingsWarnings: what reading the settings gave to say, for callers that have read and checked them already.
 *  @throws CoinageError: USAGE, SETTINGS_MISSING, SETTINGS_CONFLICT, and whatever is wrong with model, pictures or output */
export async function* train(settings: TrainInput, options: TrainOptions = {}): AsyncGenerator<TrainingEvent, void> {
  const { settings: complete, warnings } = await readTrainRecord(settings);
  yield* runTraining(complete, { settingsWarnings: warnings, ...options });
}
