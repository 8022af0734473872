/** Teaches a word for each of several concepts, one after another, then generates an image of each with one loaded model. Words that
 *  have a file already are not taught again; Ctrl-C saves the word under way as far as it is, and ends. Run in the project's folder; takes some minutes:
 *
 *    node --import tsx examples/many-concepts.ts
 *
 *  In a project of your own: `import { train } from "coinage"` and `import { openModel } from "coinage/pipeline"`. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Embedding, readEmbedding, resultOf, type StopOptions, train } from "../src/index.ts";
import { openModel } from "../src/pipeline.ts";

const modelFolder = "assets/tiny-sd";

export interface Concept {
  readonly word: string;
  readonly initWord: string;
  readonly datasetConfig: string;
}

export const concepts: readonly Concept[] = [
  { word: "brimsy", initWord: "cross", datasetConfig: "assets/concepts/pink-striped-cross.toml" },
  { word: "quillo", initWord: "star", datasetConfig: "assets/concepts/orange-striped-star.toml" },
  { word: "zorble", initWord: "heart", datasetConfig: "assets/concepts/purple-dotted-heart.toml" },
];

/** The embeddings of all concepts: those that are there already, and those it teaches; of a batch that was stopped those it has. */
export async function teachAll(
  wanted: readonly Concept[],
  outputDir: string,
  { maxTrainSteps = 200, signal }: StopOptions & { readonly maxTrainSteps?: number } = {},
): Promise<Embedding[]> {
  const embeddings: Embedding[] = [];
  for (const { word, initWord, datasetConfig } of wanted) {
    const file = path.join(outputDir, `${word}.safetensors`);
    if (existsSync(file)) {
      embeddings.push(await readEmbedding(file));
      continue;
    }
    const settings = { pretrainedModelNameOrPath: modelFolder, datasetConfig, tokenString: word, initWord };
    const length = { maxTrainSteps, learningRate: 5e-3, numVectorsPerToken: 2, cacheLatents: true, seed: 1 };
    const output = { outputDir, outputName: word, saveModelAs: "safetensors" } as const;
    const result = await resultOf(train({ ...settings, ...length, ...output }, { signal }));
    if (!result) break;
    console.log(`${word}: ${result.step} steps in ${Math.round(result.seconds)} s`);
    embeddings.push(result.embedding);
  }
  return embeddings;
}

/** Writes an image of each word. All of them are in memory at once, so a prompt could use several. */
export async function drawAll(embeddings: readonly Embedding[], outputDir: string, steps = 15): Promise<string[]> {
  await mkdir(outputDir, { recursive: true });
  const model = await openModel(modelFolder, { embeddings });
  try {
    const files: string[] = [];
    for (const { name } of embeddings) {
      const request = { prompt: `a photo of a ${name}`, width: 128, height: 128, steps, guidanceScale: 5, seed: 1 };
      const [image] = await resultOf(model.generate(request));
      const file = path.join(outputDir, `${name}.png`);
      await writeFile(file, await image!.toPng());
      files.push(file);
    }
    return files;
  } finally {
    await model.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const embeddings = await teachAll(concepts, "outputs/concepts", { signal: stop.signal });
  if (!stop.signal.aborted) for (const file of await drawAll(embeddings, "outputs/concepts")) console.log(file);
}
