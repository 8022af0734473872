import path from "node:path";
import { conceptsFolder, tinySdFolder } from "../../assets/index.ts";
import type { TrainInput } from "../../index.ts";

/** The word that the demo teaches. */
export const concept = { name: "green-dotted-diamond", word: "ploofa", initWord: "diamond" } as const;

/** Steps whose images are shown: after a third, two thirds and all of the training. */
export const moments = [25, 50, 75] as const;

/** The settings of the demo: those of a beginner, with saves for the strip. */
export function demoSettings(folder: string): TrainInput {
  return {
    recipe: "quick",
    pretrainedModelNameOrPath: tinySdFolder,
    imageDir: path.join(conceptsFolder, concept.name),
    tokenString: concept.word,
    initWord: concept.initWord,
    maxTrainSteps: moments[2],
    saveEveryNSteps: moments[0],
    reportImages: "all",
    seed: 1,
    outputDir: folder,
    overwrite: true,
  };
}

/** The embedding file saved at a step. */
export function embeddingAt(folder: string, step: number): string {
  return path.join(folder, `${concept.word}-step${String(step).padStart(8, "0")}.safetensors`);
}
