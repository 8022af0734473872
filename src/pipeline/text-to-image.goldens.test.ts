import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeGoldens, float32, readJson, readTensors, relativeDistance } from "../../test/goldens.ts";
import { openTinySd } from "../../test/tiny-sd.ts";
import { clipMerges } from "../assets/index.ts";
import { createSampler, noiseSchedule, type SamplerName, samplerDefaults } from "../diffusion/index.ts";
import type { DiffusionModel } from "../models/index.ts";
import { Networks } from "../networks/index.ts";
import { decodePicture } from "../pictures/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { encodeTexts } from "./conditioning.ts";
import { drawImageNoise, noiseList } from "./noise.ts";
import { openPipeline, type Pipeline } from "./pipeline.ts";
import { type GenerationEvent, type GenerationRequest, samplingOf } from "./request.ts";
import { generateBatch, generateImages } from "./text-to-image.ts";
import { type PromptVocabulary, plainVocabulary } from "./vocabulary.ts";

interface Case {
  readonly name: string;
  readonly picture: string;
  readonly prompt_index: number;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidance_scale: number;
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly init_noise_sigma: number;
  readonly timesteps: readonly number[];
}

const conditioningTolerance = 1e-5;
const noiseTolerance = 2e-6;
const latentTolerance = 1e-4;
const differingPixels = 0.01;

describeGoldens("text2image", (folder) => {
  const { cases } = readJson<{ cases: Case[] }>(folder, "index.json");
  const tensors = readTensors(folder, "tensors.safetensors");
  let runtime: Runtime;
  let model: DiffusionModel;
  let vocabulary: PromptVocabulary;
  let pipeline: Pipeline;

  beforeAll(async () => {
    runtime = openRuntime({ threads: 1 });
    model = await openTinySd();
    vocabulary = plainVocabulary(model.family, await clipMerges());
    pipeline = openPipeline({ model, predictionType: "epsilon", vocabulary, runtime });
  });
  afterAll(() => runtime.close());

  const perPrompt = new Map(cases.map((recorded) => [recorded.prompt_index, recorded]));
  test.each([...perPrompt.values()])("conditioning of prompt $prompt_index", async (recorded) => {
    const networks = new Networks(model, runtime);
    const { prompt_index: index, prompt, negative_prompt: negative } = recorded;
    const { encoderHiddenStates } = await encodeTexts([negative, prompt], networks, vocabulary, {
      compatibility: "generation",
      maxEmbeddingsMultiples: 1,
      weightNormalization: "original",
    });
    const half = encoderHiddenStates.data.length / 2;
    for (const [name, data] of [
      ["uncond", encoderHiddenStates.data.subarray(0, half)],
      ["text", encoderHiddenStates.data.subarray(half)],
    ] as const)
      expect(relativeDistance(data, float32(tensors, `prompt_${index}/${name}`).data), name).toBeLessThan(
        conditioningTolerance,
      );
    await networks.close();
  });

  describe.each(cases.map((recorded) => [recorded.name, recorded] as const))("%s", (name, recorded) => {
    test("noise and timesteps", () => {
      const { sampler: samplerName, steps, seed, width, height } = recorded;
      const settings = { schedule: noiseSchedule(), steps, predictionType: "epsilon" } as const;
      const sampler = createSampler(samplerName, { ...settings, ...samplerDefaults(samplerName, "generation") });
      expect(sampler.initNoiseSigma).toBeCloseTo(recorded.init_noise_sigma, 4);
      sampler.timesteps.forEach((timestep, i) => {
        expect(timestep).toBeCloseTo(recorded.timesteps[i]!, 3);
      });
      const dryRun = sampler.dryRun();
      const noise = drawImageNoise(seed, {
        shape: [4, height / 8, width / 8],
        list: noiseList({ compatibility: "generation", sampler: samplerName, steps }, dryRun),
        isStochastic: dryRun.noiseDraws > 0,
        hasInitLatents: false,
      });
      expectClose(noise.initNoise, float32(tensors, `${name}/start`).data);
      if (dryRun.noiseDraws === 0) return;
      const { data } = float32(tensors, `${name}/noises`);
      for (let draw = 0; draw < steps; draw++)
        expectClose(
          noise.samplerNoise(draw),
          data.subarray(draw * noise.initNoise.length, (draw + 1) * noise.initNoise.length),
        );
    });

    test("latents after every step, and the picture", async () => {
      const { steps, picture: file } = recorded;
      const events = await eventsOf(generateImages(requestOf(recorded), pipeline));
      const expected = float32(tensors, `${name}/latents`).data;
      const size = expected.length / steps;
      const latents = events.filter((event) => event.kind === "step").map((event) => event.latents.data);
      expect(latents).toHaveLength(steps);
      latents.forEach((data, step) => {
        expect(relativeDistance(data, expected.subarray(step * size, (step + 1) * size)), `step ${step}`).toBeLessThan(
          latentTolerance,
        );
      });
      const image = events.find((event) => event.kind === "image");
      const wanted = await decodePicture(path.join(folder, file));
      expect([image?.picture.width, image?.picture.height]).toEqual([wanted.width, wanted.height]);
      const differences = wanted.data.map((value, i) => Math.abs(value - image!.picture.data[i]!));
      expect(Math.max(...differences)).toBeLessThanOrEqual(1);
      expect(differences.filter(Boolean).length).toBeLessThanOrEqual(differences.length * differingPixels);
    });
  });

  test("a batch gives the same images as one by one", async () => {
    const [first] = cases;
    const alike = cases.filter(
      ({ sampler, steps, guidance_scale: scale }) =>
        sampler === first!.sampler && steps === first!.steps && scale === first!.guidance_scale,
    );
    const sampling = samplingOf(requestOf(first!), model.family);
    const images = alike.map(({ prompt, negative_prompt: negativePrompt, seed }) => ({
      prompt,
      negativePrompt,
      seed,
    }));
    const events = await eventsOf(generateBatch({ sampling, images }, pipeline));
    const last = events.filter((event) => event.kind === "step").at(-1)!;
    const size = last.latents.data.length / alike.length;
    for (const [i, { name }] of alike.entries()) {
      const expected = float32(tensors, `${name}/latents`).data.subarray(-size);
      expect(relativeDistance(last.latents.data.subarray(i * size, (i + 1) * size), expected)).toBeLessThan(
        latentTolerance,
      );
    }
    expect(events.filter((event) => event.kind === "image")).toHaveLength(alike.length);
  });
});

function requestOf(recorded: Case) {
  const { sampler, steps, width, height, seed, prompt } = recorded;
  return {
    ...{ sampler, steps, width, height, seed, prompt },
    negativePrompt: recorded.negative_prompt,
    guidanceScale: recorded.guidance_scale,
  } satisfies GenerationRequest;
}

async function eventsOf(generation: AsyncGenerator<GenerationEvent>): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of generation) events.push(event);
  return events;
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  for (let i = 0; i < actual.length; i++) expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(noiseTolerance);
}
