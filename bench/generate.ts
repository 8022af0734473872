import { writeFileSync } from "node:fs";
import { clipMerges } from "../src/assets/index.ts";
import { openCheckpoint } from "../src/checkpoint/index.ts";
import { diffusionModel } from "../src/models/index.ts";
import { encodePng } from "../src/pictures/index.ts";
import { generateImages, openPipeline, plainVocabulary } from "../src/pipeline/index.ts";
import { type DeviceName, openRuntime } from "../src/runtime/index.ts";
import { givenOptions } from "./apart.ts";
import { watchMemory } from "./memory.ts";
import { median } from "./results.ts";

/** Measures the generation of two batches of images; guidance runs the U-Net twice for every image. Prints one line of JSON:
 *  GenerationTimes. Run by apart.ts with these options. */
export interface GenerationOptions {
  /** Folder of the model. */
  readonly model: string;
  readonly side: number;
  readonly batch: number;
  readonly steps: number;
  readonly device: DeviceName;
  readonly threads?: number | undefined;
  /** Path prefix for ONNX Runtime's profile. */
  readonly profile?: string | undefined;
  /** PNG file for the first picture. */
  readonly picture?: string | undefined;
}

export interface GenerationTimes {
  readonly firstStepSeconds: number;
  readonly secondsPerStep: number;
  readonly bestSeconds: number;
  readonly decodeSeconds: number;
  readonly secondsPerPicture: number;
  readonly peakBytes: number;
  readonly peakAnonymousBytes: number;
  readonly denoisingAnonymousBytes: number;
}

const { model: folder, side, batch, steps, device, threads, profile, picture } = givenOptions<GenerationOptions>();
const memory = watchMemory();
const now = () => performance.now() / 1000;

const runtime = openRuntime({ device, threads, profile });
const checkpoint = await openCheckpoint(folder);
const { value: family } = checkpoint.family;
const model = diffusionModel({ ...checkpoint, family });
const vocabulary = plainVocabulary(family, await clipMerges());
const pipeline = openPipeline({ model, predictionType: checkpoint.predictionType.value, vocabulary, runtime });

const request = { prompt: "a photo of a cat", negativePrompt: "blurry", sampler: "ddim", seed: 1 } as const;
const sizes = { width: side, height: side, steps, images: 2 * batch, batchSize: batch };
const stepSeconds: number[] = [];
const decodeSeconds: number[] = [];
let denoisingAnonymousBytes = 0;
let firstStepSeconds: number | undefined;
let last = now();
for await (const event of generateImages({ ...request, ...sizes }, pipeline)) {
  const passed = now() - last;
  // the first step and the first image also load their programs, and the first step of each batch encodes its texts
  if (event.kind === "step" && event.step > 1) stepSeconds.push(passed);
  if (event.kind === "step") denoisingAnonymousBytes = memory().peakAnonymousBytes;
  if (event.kind === "step") firstStepSeconds ??= passed;
  if (event.kind === "image" && event.index === batch) decodeSeconds.push(passed);
  if (event.kind === "image" && event.index === 0 && picture) writeFileSync(picture, await encodePng(event.picture));
  last = now();
}
const { peakBytes, peakAnonymousBytes } = memory();
await pipeline.networks.close();
await runtime.close();
const times: GenerationTimes = {
  firstStepSeconds: firstStepSeconds!,
  secondsPerStep: median(stepSeconds),
  bestSeconds: Math.min(...stepSeconds),
  decodeSeconds: decodeSeconds[0]!,
  secondsPerPicture: (50 * median(stepSeconds) + decodeSeconds[0]!) / batch,
  peakBytes,
  peakAnonymousBytes,
  denoisingAnonymousBytes,
};
process.stdout.write(`${JSON.stringify(times)}\n`);
