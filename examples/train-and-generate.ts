/** Teaches the small model that comes along a word, then draws with it. Run from the project's folder, takes about a minute:
 *
 *    node --import tsx examples/train-and-generate.ts
 *
 *  In a project of your own: `import { generate, train } from "coinage"`. */
import { CoinageError, formatError, generate, train } from "../src/index.ts";

const model = "assets/tiny-sd";
const folder = "outputs/example";

async function teach(): Promise<string> {
  const run = train({
    pretrainedModelNameOrPath: model,
    datasetConfig: "assets/concepts/pink-striped-cross.toml",
    tokenString: "brimsy",
    initWord: "cross",
    numVectorsPerToken: 2,
    learningRate: 5e-3,
    maxTrainSteps: 200,
    cacheLatents: true,
    seed: 1,
    saveModelAs: "safetensors",
    outputDir: folder,
  });
  for await (const event of run) {
    if (event.kind === "start")
      console.log(`${event.run.steps} steps, about ${Math.ceil(event.run.expectedSeconds)} s`);
    if (event.kind === "step" && event.step % 20 === 0)
      console.log(`step ${event.step}: average loss ${event.averageLoss.toFixed(4)}`);
    if (event.kind === "done") return event.file;
  }
  throw new Error("a run ends with its file");
}

async function draw(embedding: string): Promise<void> {
  const pictures = generate({
    ckpt: model,
    textualInversionEmbeddings: [embedding],
    prompt: "a photo of a brimsy on a blue background",
    imagesPerPrompt: 4,
    batchSize: 4,
    W: 128,
    H: 128,
    steps: 15,
    scale: 5,
    seed: 1,
    outdir: folder,
  });
  for await (const event of pictures) if (event.kind === "saved") console.log(event.file);
}

try {
  await draw(await teach());
} catch (error) {
  if (!(error instanceof CoinageError)) throw error;
  console.error(formatError(error));
  process.exitCode = 1;
}
