import { arrayOf, type NdArray, stack } from "../array/index.ts";
import {
  type ImageToImageStart,
  type KeptArea,
  type Sampler,
  samplerDefaults,
  sdScriptsImageToImageStart,
} from "../diffusion/index.ts";
import { beginningOf } from "../errors/index.ts";
import { decodeImages } from "../networks/index.ts";
import type { Picture } from "../pictures/index.ts";
import { conditionOf } from "./condition.ts";
import type { DrawContext } from "./context.ts";
import { denoise } from "./denoise.ts";
import { keptShare } from "./image-to-image.ts";
import { drawPictureNoise, noiseList, type PictureNoise } from "./noise.ts";
import type { GenerationEvent, PictureBatch, Sampling, Stage } from "./request.ts";
import { samplerOf } from "./sampler.ts";

/** One run of the sampler for a batch. */
export interface StageBatch extends StartedBatch {
  readonly stage: Stage;
  /** Numbers of the pictures, for events. */
  readonly indices: readonly number[];
}

export interface StartedBatch extends PictureBatch {
  /** Latents to start from, in place of encoded source pictures. */
  readonly latents?: NdArray<Float32Array> | undefined;
}

/** Runs the sampler over a batch; its result are the finished latents [B, 4, h, w]. */
export async function* drawLatents(
  batch: StageBatch,
  context: DrawContext,
): AsyncGenerator<GenerationEvent, NdArray<Float32Array>> {
  const { sampling, indices, stage } = batch;
  const { networks, vocabulary } = context;
  const sampler = samplerOf(sampling, context);
  const start = startOf(batch);
  const noises = drawNoises(batch, sampler, start, context);
  const original = await originalLatents(batch, noises, context);
  const condition = await conditionOf(batch, networks, vocabulary);
  for (const prompt of condition.truncated)
    yield { kind: "warning", message: `The prompt is too long; its end is left out: ${beginningOf(prompt, 80)}` };

  const keep = original && keptArea(batch, original, noises, context);
  const denoising = denoise(
    startLatents(batch, sampler, start, noises, original, context),
    sampler,
    networks,
    condition,
    sampling,
    {
      from: start.from,
      noise: (draw) => flat(noises.map(({ sampler }) => sampler(draw))),
      ...(keep && { keep }),
    },
  );
  const shape = latentShape(batch, context);
  for (;;) {
    const { done, value } = await denoising.next();
    if (done) return value;
    const { step, steps } = value;
    yield { kind: "step", step, steps, stage, indices, latents: arrayOf(shape, value.latents) };
    if (!context.previewEverySteps || step === steps || step % context.previewEverySteps !== 0) continue;
    const original = arrayOf(shape, value.original(context.predictionType));
    const previews = await previewsOf(original, sampling, context);
    yield { kind: "preview", step, steps, stage, indices, previews };
  }
}

async function previewsOf(
  latents: NdArray<Float32Array>,
  { vaeSlices }: Sampling,
  { networks }: DrawContext,
): Promise<Picture[]> {
  const previews: Picture[] = [];
  const shares = { vaeBatchSize: 1, vaeSlices };
  for await (const picture of decodeImages(networks, latents, shares)) previews.push(picture);
  return previews;
}

function hasSource({ latents, pictures }: StageBatch): boolean {
  return latents !== undefined || pictures.some(({ source }) => source !== undefined);
}

function startOf(batch: StageBatch): ImageToImageStart {
  const { sampler, steps, strength, flavour, forceZeroStepsOffset } = batch.sampling;
  if (!hasSource(batch)) return { from: 0 };
  const offset = forceZeroStepsOffset ? 0 : samplerDefaults(sampler, flavour).stepsOffset;
  return sdScriptsImageToImageStart(steps, strength, offset);
}

function drawNoises(
  batch: StageBatch,
  sampler: Sampler,
  { from }: ImageToImageStart,
  context: DrawContext,
): PictureNoise[] {
  const rehearsal = sampler.rehearse(from);
  const options = {
    shape: latentShape(batch, context).slice(1),
    list: noiseList(batch.sampling, rehearsal),
    isStochastic: rehearsal.noiseDraws > 0,
    startsFromPicture: hasSource(batch),
    startNoise: batch.sampling.startNoise,
  };
  return batch.pictures.map(({ seed }) => drawPictureNoise(seed, options));
}

/** Latents of the pictures started from. */
async function originalLatents(
  batch: StageBatch,
  noises: readonly PictureNoise[],
  { encoder }: DrawContext,
): Promise<NdArray<Float32Array> | undefined> {
  const { latents, pictures, sampling } = batch;
  if (latents || !hasSource(batch)) return latents;
  const sources = pictures.map(({ source }) => {
    if (!source) throw new TypeError("A batch starts from pictures wholly or not at all.");
    return source.picture;
  });
  const posteriors = noises.map(({ source }) => source!.posterior);
  return encoder.latents(sources, [sampling.width, sampling.height], posteriors, sampling);
}

/** Pure noise, or the original with noise on it. */
function startLatents(
  batch: StageBatch,
  sampler: Sampler,
  { noiseStep }: ImageToImageStart,
  noises: readonly PictureNoise[],
  original: NdArray<Float32Array> | undefined,
  context: DrawContext,
): NdArray<Float32Array> {
  const shape = latentShape(batch, context);
  if (!original) {
    const { data } = stack(noises.map(({ start }) => arrayOf(shape.slice(1), start)));
    return arrayOf(
      shape,
      data.map((value) => value * sampler.initNoiseSigma),
    );
  }
  if (noiseStep === undefined) return original;
  return arrayOf(shape, sampler.addNoise(original.data, addedNoise(noises), noiseStep));
}

function keptArea(
  { pictures, sampling: { width, height } }: StageBatch,
  original: NdArray<Float32Array>,
  noises: readonly PictureNoise[],
  { model }: DrawContext,
): KeptArea | undefined {
  if (!pictures.some(({ source }) => source?.mask)) return undefined;
  const { latentChannels, factor } = model.vae.architecture;
  const size = original.data.length / pictures.length;
  const masks = pictures.map(({ source }) =>
    source?.mask ? keptShare(source.mask, [width, height], latentChannels, factor) : new Float32Array(size),
  );
  return { mask: flat(masks), original: original.data, noise: addedNoise(noises) };
}

function addedNoise(noises: readonly PictureNoise[]): Float32Array {
  return flat(noises.map(({ source }) => source!.added));
}

function flat(parts: readonly Float32Array[]): Float32Array {
  return stack(parts.map((part) => arrayOf([part.length], part))).data;
}

function latentShape({ pictures, sampling: { width, height } }: StageBatch, { model }: DrawContext): number[] {
  const { latentChannels, factor } = model.vae.architecture;
  return [pictures.length, latentChannels, height / factor, width / factor];
}
