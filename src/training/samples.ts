import type { NdArray } from "../array/index.ts";
import { batchLatents, batchLossMasks, batchPixels, type MicroBatch } from "../dataset/index.ts";
import type { DiffusionModel, TokenIds } from "../models/index.ts";
import { captionIds, layerTexts, type MaxTokenLength } from "../tokenizer/index.ts";
import type { MicroStepSamples } from "./micro-step.ts";
import type { VaeEncoder } from "./vae-encoder.ts";
import type { TaughtWord } from "./word.ts";

export interface SampleContext {
  readonly model: DiffusionModel;
  readonly word: Pick<TaughtWord, "tokenizers" | "tokens" | "layers">;
  readonly maxTokenLength: MaxTokenLength;
  /** Encodes pictures whose latents are not cached. */
  readonly vae: VaeEncoder | undefined;
  /** Whether the graph weighs the loss by a mask. */
  readonly hasMask: boolean;
}

/** A batch as the networks take it: captions as token ids, pictures as scaled latents. */
export async function samplesOf(batch: MicroBatch, context: SampleContext): Promise<MicroStepSamples> {
  const { model, hasMask } = context;
  const { scalingFactor, factor } = model.vae.architecture;
  const latents = await latentsOf(batch, context.vae);
  return {
    latents: { ...latents, data: latents.data.map((value) => value * scalingFactor) },
    tokenIds: tokenIdsOf(
      batch.samples.map(({ caption }) => caption),
      context,
    ),
    lossWeights: batch.samples.map(({ lossWeight }) => lossWeight),
    mask: hasMask ? latentMask(batch, factor) : undefined,
    sizes:
      model.family === "sdxl"
        ? batch.samples.map((sample) => [...sample.originalSizeHw, ...sample.cropTopLeft, ...sample.targetSizeHw])
        : undefined,
  };
}

/** Token ids of captions for every text encoder: [encoder][caption][chunk][77]; of a word with layers in a variant for each: [encoder][caption x layer][chunk][77]. */
export function tokenIdsOf(
  captions: readonly string[],
  { word, maxTokenLength }: Pick<SampleContext, "word" | "maxTokenLength">,
): TokenIds {
  const { tokenizers, tokens, layers } = word;
  const texts = layers ? captions.flatMap((caption) => layerTexts(caption, tokens, layers)) : captions;
  return tokenizers.map((tokenizer) => texts.map((text) => captionIds(tokenizer, text, maxTokenLength)));
}

async function latentsOf(batch: MicroBatch, vae: VaeEncoder | undefined): Promise<NdArray<Float32Array>> {
  const cached = batchLatents(batch);
  if (cached) return cached;
  const pixels = batchPixels(batch);
  if (!pixels || !vae) throw new Error("a batch has neither latents nor pictures and an encoder");
  return vae.encode(pixels);
}

/** The mask at latent size: exact means over factor x factor pixels; [B,1,h,w]. Without masks everything counts. */
function latentMask(batch: MicroBatch, factor: number): NdArray<Float32Array> {
  const count = batch.samples.length;
  const [width, height] = batch.resolution.map((side) => side / factor) as [number, number];
  const shape = [count, 1, height, width];
  const masks = batchLossMasks(batch);
  if (!masks) return { dtype: "float32", shape, data: new Float32Array(count * height * width).fill(1) };
  const data = new Float32Array(count * height * width);
  const rowLength = width * factor;
  masks.data.forEach((value, i) => {
    const [row, column] = [Math.floor(i / rowLength), i % rowLength];
    data[Math.floor(row / factor) * width + Math.floor(column / factor)]! += value / factor ** 2;
  });
  return { dtype: "float32", shape, data };
}
