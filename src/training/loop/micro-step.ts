import { arrayOf, type NdArray } from "../../array/index.ts";
import { batchLatents, batchLossMasks, batchPixels, type MicroBatch } from "../../dataset/index.ts";
import {
  drawTrainingBatch,
  type Generators,
  type HuberOptions,
  huberThreshold,
  type NoiseSchedule,
  type TimestepWeightOptions,
  type TrainingBatchOptions,
  timestepWeight,
  velocity,
} from "../../diffusion/index.ts";
import type { Tensor } from "../../graph/index.ts";
import { type DiffusionModel, type TokenIds, textFeeds } from "../../models/index.ts";
import type { Program } from "../../runtime/index.ts";
import { captionIds, layerTexts, type MaxTokenLength } from "../../tokenizer/index.ts";
import type { PreparedPlaceholder } from "../setup/placeholder.ts";
import type { VaeEncoder } from "../setup/vae-encoder.ts";
import {
  drawIn,
  joinedParts,
  type MicroStepDraw,
  type MicroStepResult,
  type MicroStepSamples,
  sampleRanges,
  samplesIn,
} from "./micro-step-data.ts";
import type { LossType, MicroStepGraph } from "./micro-step-graph.ts";
import { addAtPositions, type TokenGradients } from "./token-gradients.ts";

/** What turning batches into samples needs. */
export interface SampleContext {
  readonly model: DiffusionModel;
  readonly placeholder: Pick<PreparedPlaceholder, "tokenizers" | "tokens" | "layers">;
  readonly maxTokenLength: MaxTokenLength;
  /** Encodes images without cached latents. */
  readonly vae: Pick<VaeEncoder, "encode"> | undefined;
  /** Whether the graph weighs the loss by a mask. */
  readonly hasMask: boolean;
}

/** A batch as network inputs: captions as token ids, images as scaled latents. */
export async function samplesOf(batch: MicroBatch, context: SampleContext): Promise<MicroStepSamples> {
  const { model, hasMask } = context;
  const { scalingFactor, vaeScaleFactor } = model.vae.architecture;
  const latents = await latentsOf(batch, context.vae);
  const captions = batch.samples.map(({ caption }) => caption);
  return {
    latents: { ...latents, data: latents.data.map((value) => value * scalingFactor) },
    tokenIds: tokenIdsOf(captions, context),
    priorLossWeights: batch.samples.map(({ lossWeight }) => lossWeight),
    mask: hasMask ? latentMask(batch, vaeScaleFactor) : undefined,
    timeIds:
      model.family === "sdxl"
        ? batch.samples.map((sample) => [...sample.originalSizeHw, ...sample.cropTopLeft, ...sample.targetSizeHw])
        : undefined,
  };
}

/** Token ids of captions for every text encoder: [encoder][caption][chunk][77].
 *  With --xti, each caption is repeated per layer with that layer's tokens: [encoder][caption x layer][chunk][77]. */
export function tokenIdsOf(
  captions: readonly string[],
  { placeholder, maxTokenLength }: Pick<SampleContext, "placeholder" | "maxTokenLength">,
): TokenIds {
  const { tokenizers, tokens, layers } = placeholder;
  const texts = layers ? captions.flatMap((caption) => layerTexts(caption, tokens, layers)) : captions;
  return tokenizers.map((tokenizer) => texts.map((text) => captionIds(tokenizer, text, maxTokenLength)));
}

async function latentsOf(batch: MicroBatch, vae: SampleContext["vae"]): Promise<NdArray<Float32Array>> {
  const cached = batchLatents(batch);
  if (cached) return cached;
  const pixels = batchPixels(batch);
  if (!pixels || !vae) throw new Error("a batch has neither latents nor images and an encoder");
  return vae.encode(pixels);
}

/** The mask at latent size: exact means over factor x factor pixels; [B,1,h,w]. 1 without masks. */
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

/** Context shared by all micro-steps of a run. */
export interface MicroStepContext {
  readonly model: DiffusionModel;
  /** Computes the outputs named by `microStepOutputs`. */
  readonly program: Program;
  readonly schedule: NoiseSchedule;
  readonly lossType: LossType;
  readonly options: TrainingBatchOptions & TimestepWeightOptions & HuberOptions;
  /** Parts that a micro-batch is split into (default: 1). */
  readonly split?: number | undefined;
}

/** A micro-batch's place in its optimizer step. */
interface StepPart {
  /** Micro-batches of an optimizer step. */
  readonly accumulationSteps: number;
  /** Index of the micro-batch in its step (default: 0). */
  readonly index?: number;
  /** Factor of the loss inside the networks; the gradient is divided by it. */
  readonly lossScale?: number | undefined;
  /** Samples of the whole micro-batch, if this is a part of it. */
  readonly batch?: number;
}

/** One forward and backward pass, from samples to the gradient of their loss at the embeddings: draws noise and timesteps (`drawTrainingBatch`),
 *  then runs the networks (`computeMicroStep`; their graph is in micro-step-graph.ts). A pure function of embeddings, samples and the state of the
 *  generators: nothing is kept from one micro-step to the next.
 *  embeddings: [vectors, width] per text encoder. */
export async function microStep(
  context: MicroStepContext,
  embeddings: readonly NdArray<Float32Array>[],
  samples: MicroStepSamples,
  generators: Generators,
  part: StepPart,
): Promise<MicroStepResult> {
  const share = { index: part.index ?? 0, count: part.accumulationSteps };
  const draw = drawTrainingBatch(samples.latents, context.options, context.schedule, generators, share);
  const batch = samples.latents.shape[0]!;
  const results: MicroStepResult[] = [];
  for (const range of sampleRanges(batch, context.split ?? 1)) {
    const [own, drawn] = [samplesIn(samples, range), drawIn(draw, range)];
    results.push(await computeMicroStep(context, embeddings, own, drawn, { ...part, batch }));
  }
  return joinedParts(results);
}

/** Computes a micro-step after its random draws. */
export async function computeMicroStep(
  { model, program, schedule, lossType, options }: MicroStepContext,
  embeddings: readonly NdArray<Float32Array>[],
  samples: MicroStepSamples,
  { noise, noisyLatents, timesteps }: MicroStepDraw,
  { accumulationSteps, lossScale = 1, batch = timesteps.length }: StepPart,
): Promise<MicroStepResult> {
  const { latents, tokenIds, priorLossWeights, mask, timeIds } = samples;
  const count = timesteps.length;
  const elements = latents.data.length / count;
  const weights = timesteps.map((timestep, i) => priorLossWeights[i]! * timestepWeight(timestep, options, schedule));
  const feeds: Record<string, NdArray> = {
    ...textFeeds(model, tokenIds, embeddings),
    noisyLatents,
    target: options.predictionType === "v_prediction" ? velocity(latents, noise, timesteps, schedule) : noise,
    timesteps: arrayOf([count], timesteps),
    lossFactors: arrayOf(
      [count],
      weights.map((weight) => (lossScale * weight) / elements / batch / accumulationSteps),
    ),
  };
  if (lossType === "huber" || lossType === "smooth_l1")
    feeds.huberThresholds = arrayOf(
      [count],
      timesteps.map((t) => huberThreshold(t, options, schedule)),
    );
  if (mask) feeds.mask = mask;
  if (timeIds) feeds.timeIds = arrayOf([count, 6], timeIds.flat());

  const results = await program.run(feeds);
  const sampleLosses = Array.from(results.lossSums!.data as Float32Array, (sum) => sum / elements);
  const loss = sampleLosses.reduce((sum, value, i) => sum + value * weights[i]!, 0) / batch;
  const gradients = tokenIds.map((texts, encoder) => {
    const sums: TokenGradients = new Map();
    addAtPositions(sums, texts.flat(2), results[gradientName(encoder)]!.data as Float32Array, 1 / lossScale);
    return sums;
  });
  return { sampleLosses, timesteps, loss, gradients };
}

/** Outputs of a context's program, by name. */
export function microStepOutputs({ lossSums, tokenGradients }: MicroStepGraph): Record<string, Tensor> {
  const gradients = tokenGradients.map((gradient, encoder) => [gradientName(encoder), gradient] as const);
  return { lossSums, ...Object.fromEntries(gradients) };
}

/** Output of the micro-step program that holds the gradient at a text encoder's token positions. */
function gradientName(encoder: number): string {
  return `tokenGradients${encoder}`;
}
