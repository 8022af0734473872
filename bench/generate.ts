import { clipMerges } from "../src/assets/index.ts";
import { openCheckpoint } from "../src/checkpoint/index.ts";
import { openGenerator, plainVocabulary } from "../src/generation/index.ts";
import { diffusionModel } from "../src/models/index.ts";
import { openRuntime } from "../src/runtime/index.ts";
import { watchMemory } from "./memory.ts";

/** Measures the drawing of two batches of pictures in a process of its own, so that peak memory is its own. Prints one JSON line.
 *  usage: generate.ts MODEL SIDE BATCH STEPS [THREADS]; guidance makes two passes of the U-Net of every picture. */
const [folder, side, batch, steps, threads] = process.argv.slice(2) as [string, string, string, string, string?];
const profile = process.env.COINAGE_PROFILE;
const memory = watchMemory();
const now = () => performance.now() / 1000;

const runtime = openRuntime({ ...(threads && { threads: Number(threads) }), ...(profile && { profile }) });
const checkpoint = await openCheckpoint(folder);
const { value: family } = checkpoint.family;
const model = diffusionModel({ ...checkpoint, family });
const vocabulary = plainVocabulary(family, await clipMerges());
const generator = openGenerator({ model, predictionType: checkpoint.predictionType.value, vocabulary, runtime });

const count = Number(batch);
const request = { prompt: "a photo of a cat", negativePrompt: "blurry", sampler: "ddim", seed: 1 } as const;
const sizes = { width: Number(side), height: Number(side), steps: Number(steps), images: 2 * count, batchSize: count };
const stepSeconds: number[] = [];
const decodeSeconds: number[] = [];
const peaks: Record<string, number> = {};
const began = now();
let firstSeconds: number | undefined;
let last = began;
for await (const event of generator.generate({ ...request, ...sizes })) {
  const passed = now() - last;
  last = now();
  // the first of a kind also loads its program, and the first step of a batch encodes its texts
  if (event.kind === "step" && event.step > 1) stepSeconds.push(passed);
  if (event.kind === "step") peaks.denoising = memory().peakAnonymousBytes;
  if (event.kind === "step") firstSeconds ??= passed;
  if (event.kind === "image" && event.index === count) decodeSeconds.push(passed);
}
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const { peakBytes, peakAnonymousBytes } = memory();
await generator.close();
await runtime.close();
process.stdout.write(
  `${JSON.stringify({
    side: Number(side),
    batch: count,
    firstStepSeconds: firstSeconds,
    secondsPerStep: median(stepSeconds),
    bestSeconds: Math.min(...stepSeconds),
    decodeSeconds: decodeSeconds[0],
    secondsPerPicture: (50 * median(stepSeconds) + decodeSeconds[0]!) / count,
    peakBytes,
    peakAnonymousBytes,
    denoisingAnonymousBytes: peaks.denoising,
  })}\n`,
);
