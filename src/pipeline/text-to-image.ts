import { arrayOf, concatenate, type NdArray } from "../array/index.ts";
import { type KeptArea, predictOriginal } from "../diffusion/index.ts";
import { beginningOf } from "../errors/index.ts";
import { decodeImages, type UNetConditioning } from "../networks/index.ts";
import type { Picture } from "../pictures/index.ts";
import { checkSampling, samplerOf } from "./checks.ts";
import { encodePrompts, type PromptConditioning, timeIdsOf } from "./conditioning.ts";
import { finalPassFromLatents, finalPassFromPictures, firstPassOf } from "./highres-fix.ts";
import { encodeInitImages, keptByMasks, startOf } from "./image-to-image.ts";
import { drawNoise } from "./noise.ts";
import type { Pipeline } from "./pipeline.ts";
import {
  batchesOf,
  type GenerationEvent,
  type GenerationRequest,
  type HighresFix,
  type ImageBatch,
  type Pass,
  type Sampling,
  type SamplingPass,
  type SamplingStepEvent,
} from "./request.ts";

/** An event of a batch; `done` comes after the last batch of a request. */
type BatchEvent = Exclude<GenerationEvent, { readonly kind: "done" }>;

/** Generates the images of a request, batch after batch. Leaving the loop cancels after the current step; the pipeline can be used again.
 *  @throws as generateBatch */
export async function* generateImages(
  request: GenerationRequest,
  pipeline: Pipeline,
): AsyncGenerator<GenerationEvent, void> {
  for (const batch of batchesOf(request, pipeline.model.family)) yield* generateBatch(batch, pipeline);
  yield { kind: "done", images: request.images ?? 1 };
}

/** From text to image: prompts to conditioning, seeds to noise, noise to latents, latents to images. Yields each image as soon as it is decoded.
 *  @throws PICTURE_SIZE, SETTINGS_CONFLICT, SAMPLER_STEPS, PROMPT_WEIGHT_INVALID, PROMPT_UNSUPPORTED, RUNTIME */
export async function* generateBatch(batch: ImageBatch, pipeline: Pipeline): AsyncGenerator<BatchEvent, void> {
  const { sampling } = batch;
  checkSampling(sampling, pipeline);
  if (sampling.negativeScale !== undefined && sampling.guidanceScale <= 1)
    yield { kind: "warning", message: "The negative scale is ignored: a guidance scale up to 1 means no guidance." };
  const conditioning = await encodePrompts(batch, pipeline);
  for (const prompt of conditioning.truncated)
    yield { kind: "warning", message: `The prompt is too long; its end is cut off: ${beginningOf(prompt, 80)}` };

  const { highres } = sampling;
  const final = highres ? yield* generateSmall(batch, highres, conditioning, pipeline) : batch;
  const latents = yield* sampleLatents(final, conditioning, pipeline);
  let at = 0;
  for await (const picture of decodeImages(pipeline.networks, latents, sampling))
    yield imageEvent(picture, batch, at++, "final", sampling.steps);
}

/** The first pass of a highres fix. Returns the final pass, which is image to image: from the enlarged small images or their latents. */
async function* generateSmall(
  batch: ImageBatch,
  highres: HighresFix,
  conditioning: PromptConditioning,
  pipeline: Pipeline,
): AsyncGenerator<BatchEvent, SamplingPass> {
  const latents = yield* sampleLatents(firstPassOf(batch, highres), conditioning, pipeline);
  if (highres.upscale === "latents")
    return finalPassFromLatents(batch, latents, pipeline.model.vae.architecture.vaeScaleFactor);
  const small: Picture[] = [];
  for await (const picture of decodeImages(pipeline.networks, latents, batch.sampling)) {
    small.push(picture);
    if (highres.keepsFirst) yield imageEvent(picture, batch, small.length - 1, "first", highres.steps);
  }
  return finalPassFromPictures(batch, small);
}

/** Samples latents: yields every step, and returns the finished latents [B,4,h,w]. @throws RUNTIME */
export async function* sampleLatents(
  batch: SamplingPass,
  conditioning: PromptConditioning,
  pipeline: Pipeline,
): AsyncGenerator<SamplingStepEvent, NdArray<Float32Array>> {
  const { sampling, images, pass = "final", firstIndex = 0 } = batch;
  const vae = pipeline.model.vae.architecture;
  const shape = [
    images.length,
    vae.latentChannels,
    sampling.height / vae.vaeScaleFactor,
    sampling.width / vae.vaeScaleFactor,
  ];
  const hasInit = batch.initLatents !== undefined || images.some(({ init }) => init !== undefined);
  const sampler = samplerOf(sampling, pipeline);
  const { from, noiseStep } = hasInit ? startOf(sampling) : { from: 0 };
  const noise = drawNoise(batch, sampler.dryRun(from), shape.slice(1), hasInit);

  let latents: Float32Array;
  let keep: KeptArea | undefined;
  if (!hasInit) {
    // text to image: pure noise
    latents = noise.initNoise.map((value) => value * sampler.initNoiseSigma);
  } else {
    // image to image: init latents with added noise
    const initLatents = batch.initLatents ?? (await encodeInitImages(batch, noise.encodingNoise, pipeline.initImages));
    latents =
      noiseStep === undefined ? initLatents.data : sampler.addNoise(initLatents.data, noise.addedNoise, noiseStep);
    // inpainting: the parts that masks keep are restored after every step
    const mask = keptByMasks(images, sampling, vae);
    keep = mask && { mask, initLatents: initLatents.data, noise: noise.addedNoise };
  }

  const { groups, pooled } = conditioning;
  const unetConditioning = { ...conditioning, timeIds: pooled && timeIdsOf(groups, images.length, sampling) };
  const steps = sampler.timesteps.length - from;
  const indices = images.map((_, i) => firstIndex + i);

  const denoising = sampler.sample(latents, { from, noise: noise.samplerNoise, ...(keep && { keep }) });
  let next = denoising.next();
  while (!next.done) {
    const { modelInput, level, timestep, step } = next.value;
    const output = await predictGuided(arrayOf(shape, modelInput), timestep, unetConditioning, sampling, pipeline);
    next = denoising.next(output);
    // second-order samplers evaluate the network twice per step
    if (!next.done && next.value.step === step) continue;
    const reached = next.done ? next.value : Float32Array.from(next.value.latents);
    yield {
      ...{ kind: "step", step: step + 1 - from, steps, pass, indices },
      latents: arrayOf(shape, reached),
      predictedOriginal: () =>
        arrayOf(shape, Float32Array.from(predictOriginal(pipeline.predictionType, level, modelInput, output))),
    };
  }
  return arrayOf(shape, next.value);
}

/** The U-Net's guided prediction for latents [B,4,h,w]: the batch is repeated for every group of prompts. */
async function predictGuided(
  latents: NdArray<Float32Array>,
  timestep: number,
  conditioning: UNetConditioning & Pick<PromptConditioning, "groups">,
  { guidanceScale, negativeScale = 0 }: Sampling,
  { networks }: Pipeline,
): Promise<Float32Array> {
  const { groups } = conditioning;
  const { data } = await networks.predict(concatenate(groups.map(() => latents)), timestep, conditioning);
  return guided(data, groups.length, guidanceScale, negativeScale);
}

/** Classifier-free guidance. output: [groups x B, ...] in the order of promptGroups.
 *  Two groups: u + s (c - u); three: e + s (c - e) - n (u - e). Source: Ho 2022, "Classifier-Free Diffusion Guidance", eq. 6. */
function guided(output: Float32Array, groups: number, scale: number, negativeScale: number): Float32Array {
  if (groups === 1) return output;
  const size = output.length / groups;
  const negative = output.subarray(0, size);
  const positive = output.subarray(size, 2 * size);
  if (groups === 2) return positive.map((c, i) => negative[i]! + scale * (c - negative[i]!));
  const empty = output.subarray(2 * size);
  return positive.map((c, i) => {
    const e = empty[i]!;
    return e + scale * (c - e) - negativeScale * (negative[i]! - e);
  });
}

function imageEvent(
  picture: Picture,
  { images, firstIndex = 0, sampling }: ImageBatch,
  at: number,
  pass: Pass,
  steps: number,
): BatchEvent {
  const { prompt, negativePrompt, seed } = images[at]!;
  const { width, height } = picture;
  const parameters = { prompt, negativePrompt, seed, sampling, width, height, steps };
  return { kind: "image", index: firstIndex + at, pass, picture, parameters };
}
