/** Teaches the small model that comes with coinage a word, then generates images with it. Run in the project's folder; takes about a minute:
 *
 *    node --import tsx examples/train-and-generate.ts
 *
 *  In a project of your own: `import { generate, resultOf, train } from "coinage"`. */
import { fileURLToPath } from "node:url";
import { CoinageError, formatError, generate, resultOf, train } from "../src/index.ts";

const pretrainedModelNameOrPath = "assets/tiny-sd";

/** The embedding file. */
export async function teach(outputDir: string, maxTrainSteps = 200): Promise<string> {
  const run = train({
    pretrainedModelNameOrPath,
    datasetConfig: "assets/concepts/pink-striped-cross.toml",
    tokenString: "brimsy",
    initWord: "cross",
    numVectorsPerToken: 2,
    learningRate: 5e-3,
    maxTrainSteps,
    cacheLatents: true,
    seed: 1,
    saveModelAs: "safetensors",
    outputDir,
  });
  const result = await resultOf(run, (event) => {
    if (event.kind === "start") console.log(`${event.run.steps} steps, ${Math.ceil(event.run.expectedSeconds)} s`);
    if (event.kind === "step" && event.step % 20 === 0)
      console.log(`step ${event.step}: average loss ${event.averageLoss.toFixed(4)}`);
  });
  if (!result) throw new Error("stopped before the first step");
  return result.file;
}

/** The image files. */
export async function draw(embedding: string, outputDir: string, steps = 15): Promise<readonly string[]> {
  const run = generate({
    pretrainedModelNameOrPath,
    textualInversionEmbeddings: [embedding],
    prompt: "a photo of a brimsy on a blue background",
    imagesPerPrompt: 4,
    batchSize: 4,
    width: 128,
    height: 128,
    steps,
    scale: 5,
    seed: 1,
    outputDir,
  });
  const { files } = await resultOf(run);
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  try {
    const folder = "outputs/example";
    for (const file of await draw(await teach(folder), folder)) console.log(file);
  } catch (error) {
    if (!(error instanceof CoinageError)) throw error;
    console.error(formatError(error));
    process.exitCode = 1;
  }
