import { readFileSync } from "node:fs";
import path from "node:path";
import { arrayOf, type NdArray } from "../../src/array/index.ts";
import { clipMerges, conceptsFolder, tinySdFolder } from "../../src/assets/index.ts";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { noiseSchedule, numTrainTimesteps } from "../../src/diffusion/index.ts";
import { diffusionModel } from "../../src/models/index.ts";
import { decodePicture } from "../../src/pictures/index.ts";
import { batchesOf, encodePrompts, openPipeline, type Pipeline, plainVocabulary } from "../../src/pipeline/index.ts";
import { TorchGenerator } from "../../src/random/index.ts";
import { openRuntime } from "../../src/runtime/index.ts";
import { printTable } from "../results.ts";
import { type Concept, concepts } from "./trial.ts";

/** How much a full description lowers the loss on the concepts' images, by timestep: which timesteps carry what a word has to learn.
 *  Compares "a photo of a SHAPE on a BACKGROUND background" with "a photo of a COLOUR PATTERN SHAPE on a BACKGROUND background", with the same noise.
 *  usage: npm run bench -- learning timesteps */

const bins = 10;
const noises = 4;

const runtime = openRuntime({ device: "cpu" });
const checkpoint = await openCheckpoint(tinySdFolder);
const model = diffusionModel({ ...checkpoint, family: "sd1" });
const vocabulary = plainVocabulary("sd1", await clipMerges());
const pipeline = openPipeline({ model, predictionType: checkpoint.predictionType.value, vocabulary, runtime });
const { alphasCumprod } = noiseSchedule();

const ofConcepts: TextLosses[][] = [];
for (const concept of concepts) ofConcepts.push(await lossesByTimestep(concept, pipeline));
await runtime.close();

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const over = (bin: number, text: "shape" | "all") => mean(ofConcepts.map((losses) => losses[bin]![text]));
const falls = Array.from({ length: bins }, (_, bin) => over(bin, "shape") - over(bin, "all"));
const allFalls = falls.reduce((sum, value) => sum + value, 0);
const width = numTrainTimesteps / bins;
printTable([
  ["timesteps", "shape", "all", "lower by", "share of all"],
  ...falls.map((fall, bin) => [
    `${bin * width} to ${(bin + 1) * width - 1}`,
    over(bin, "shape").toFixed(4),
    over(bin, "all").toFixed(4),
    `${((100 * fall) / over(bin, "shape")).toFixed(1)} %`,
    `${((100 * fall) / allFalls).toFixed(0)} %`,
  ]),
]);

interface TextLosses {
  readonly shape: number;
  readonly all: number;
}

/** Mean losses on the concept's images in the middle of each bin of timesteps, for both texts. */
async function lossesByTimestep(concept: Concept, pipeline: Pipeline): Promise<TextLosses[]> {
  const { color, pattern, shape, backgrounds } = concept;
  const files = backgrounds.map((_, i) => path.join(conceptsFolder, `${color}-${pattern}-${shape}`, `0${i + 1}.png`));
  const pictures = await Promise.all(files.map((file) => decodePicture(readFileSync(file))));
  const none = new Float32Array(4 * 16 * 16);
  const latents = await pipeline.initImages.latents(
    pictures,
    [128, 128],
    pictures.map(() => none),
    {},
  );
  const texts = { shape, all: `${color} ${pattern} ${shape}` };
  const encoded = Object.fromEntries(
    await Promise.all(
      Object.entries(texts).map(async ([name, noun]) => {
        const prompts = backgrounds.map((background) => `a photo of a ${noun} on a ${background} background`);
        return [name, await encodeEach(prompts, pipeline)] as const;
      }),
    ),
  );
  const generator = new TorchGenerator(1);
  const losses: TextLosses[] = [];
  for (let bin = 0; bin < bins; bin++) {
    const timestep = Math.floor(((bin + 0.5) * numTrainTimesteps) / bins);
    const sums = { shape: 0, all: 0 };
    for (let round = 0; round < noises; round++) {
      const noise = generator.randn(latents.shape).data;
      for (const text of ["shape", "all"] as const) {
        const noisy = withNoise(latents, noise, timestep);
        const { data } = await pipeline.networks.predict(noisy, timestep, encoded[text]!);
        sums[text] += data.reduce((sum, value, i) => sum + (value - noise[i]!) ** 2, 0) / data.length / noises;
      }
    }
    losses.push(sums);
  }
  return losses;
}

function withNoise({ shape, data }: NdArray<Float32Array>, noise: Float32Array, timestep: number) {
  const kept = alphasCumprod[timestep]!;
  return arrayOf(
    shape,
    data.map((value, i) => Math.sqrt(kept) * value + Math.sqrt(1 - kept) * noise[i]!),
  );
}

/** Encodes one prompt per image of a batch. */
async function encodeEach(prompts: readonly string[], pipeline: Pipeline) {
  const request = { prompt: "", width: 128, height: 128, guidanceScale: 1, images: prompts.length };
  const [batch] = batchesOf({ ...request, batchSize: prompts.length }, "sd1");
  const images = batch!.images.map((image, i) => ({ ...image, prompt: prompts[i]! }));
  return encodePrompts({ ...batch!, images }, pipeline);
}
