import path from "node:path";
import { stringify } from "smol-toml";
import { conceptsFolder, tinySdFolder } from "../../assets/index.ts";
import { writeFileAtomically } from "../../files/index.ts";
import type { TrainInput } from "../../index.ts";

/** What the demo teaches. */
export const concept = { name: "green-dotted-diamond", word: "ploofa", initWord: "diamond" } as const;

/** Steps at which the word is looked at: after a third, two thirds and all of the training. */
export const moments = [40, 80, 120] as const;

/** The settings of the demo. Measured: from 120 steps of this rate on, all pictures show shape, colour and pattern, and after 40 not yet all. */
export function demoSettings(folder: string, datasetConfig: string): TrainInput {
  return {
    pretrainedModelNameOrPath: tinySdFolder,
    datasetConfig,
    tokenString: concept.word,
    initWord: concept.initWord,
    numVectorsPerToken: 2,
    learningRate: 2e-3,
    maxTrainSteps: moments[2],
    saveEveryNSteps: moments[0],
    saveModelAs: "safetensors",
    cacheLatents: true,
    seed: 1,
    outputDir: folder,
    overwrite: true,
  };
}

/** The embedding file of a moment. */
export function embeddingAt(folder: string, step: number): string {
  return path.join(folder, `${concept.word}-step${String(step).padStart(8, "0")}.safetensors`);
}

/** Writes the dataset config of the concept's pictures, wherever this program is installed. */
export async function writeDatasetConfig(folder: string): Promise<string> {
  const file = path.join(folder, "dataset.toml");
  const subset = { image_dir: path.join(conceptsFolder, concept.name), num_repeats: 10 };
  const config = {
    general: { resolution: 128, caption_extension: ".txt" },
    datasets: [{ batch_size: 4, subsets: [subset] }],
  };
  await writeFileAtomically(file, stringify(config));
  return file;
}
