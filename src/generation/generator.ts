import { decodeImages, Networks } from "../networks/index.ts";
import type { Picture } from "../pictures/index.ts";
import type { DrawContext, GeneratorParts } from "./context.ts";
import { samplingOf } from "./defaults.ts";
import { firstStage, stageFromLatents, stageFromPictures } from "./highres.ts";
import { seedSource } from "./prompts/seeds.ts";
import type {
  GenerationEvent,
  PictureBatch,
  PictureOrder,
  PictureParameters,
  PictureRequest,
  Sampling,
  Stage,
} from "./request.ts";
import { checkSampling } from "./sampler.ts";
import { SourceEncoder } from "./source-encoder.ts";
import { drawLatents, type StartedBatch } from "./stage.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Draws pictures with one model. Its programs are loaded when they are first needed and stay until they are freed.
 *  Whoever returns from a generator of events cancels what it does after the step under way. */
export interface PictureGenerator {
  /** Draws what a request asks for. vocabulary: words to use in place of the generator's own, such as one that is still being learned.
   *  @throws PICTURE_SIZE, SETTINGS_CONFLICT, SAMPLER_STEPS, PROMPT_WEIGHT_INVALID, PROMPT_UNSUPPORTED, RUNTIME */
  generate(request: PictureRequest, vocabulary?: Vocabulary): AsyncGenerator<GenerationEvent, void>;
  /** Draws one batch; there is no `done` event. @throws as generate */
  draw(batch: PictureBatch, vocabulary?: Vocabulary): AsyncGenerator<GenerationEvent, void>;
  /** Frees the programs, which are loaded again when they are needed again; the runtime stays open. */
  close(): Promise<void>;
}

export function openGenerator(parts: GeneratorParts): PictureGenerator {
  const networks = new Networks(
    parts.model,
    parts.runtime,
    parts.computeDtype ? { computeDtype: parts.computeDtype } : {},
  );
  const encoder = new SourceEncoder(networks);
  const contextOf = (vocabulary = parts.vocabulary): DrawContext => ({ ...parts, networks, encoder, vocabulary });
  return {
    generate: (request, vocabulary) => generate(request, contextOf(vocabulary)),
    draw: (batch, vocabulary) => draw(batch, [...batch.pictures.keys()], contextOf(vocabulary)),
    close: () => networks.close(),
  };
}

async function* generate(request: PictureRequest, context: DrawContext): AsyncGenerator<GenerationEvent, void> {
  const { images = 1, batchSize = 1, prompt, negativePrompt = "", source } = request;
  const sampling = samplingOf(request, context.model.family);
  const nextSeed = seedSource(request.seed, images);
  for (let first = 0; first < images; first += batchSize) {
    const indices = Array.from({ length: Math.min(batchSize, images - first) }, (_, i) => first + i);
    const pictures = indices.map(() => ({ prompt, negativePrompt, seed: nextSeed(), source }));
    yield* draw({ sampling, pictures }, indices, context);
  }
  yield { kind: "done", images };
}

async function* draw(
  batch: PictureBatch,
  indices: readonly number[],
  context: DrawContext,
): AsyncGenerator<GenerationEvent, void> {
  const { sampling } = batch;
  checkSampling(sampling, context);
  if (sampling.negativeScale !== undefined && sampling.guidanceScale <= 1)
    yield {
      kind: "warning",
      message: "The negative scale is ignored: a guidance scale up to 1 means no guidance.",
    };
  const last: StartedBatch = sampling.highres ? yield* drawFirst(batch, sampling.highres, indices, context) : batch;
  const latents = yield* drawLatents({ ...last, stage: "final", indices }, context);
  let at = 0;
  for await (const picture of decodeImages(context.networks, latents, sampling))
    yield imageEvent(picture, batch.pictures[at]!, indices[at++]!, sampling, sampling.steps, "final");
}

/** The small pictures of a highres fix; its result is the batch that draws on from them. */
async function* drawFirst(
  batch: PictureBatch,
  highres: NonNullable<Sampling["highres"]>,
  indices: readonly number[],
  context: DrawContext,
): AsyncGenerator<GenerationEvent, StartedBatch> {
  const { architecture } = context.model.vae;
  const first = firstStage(batch, highres);
  const latents = yield* drawLatents({ ...first, stage: "first", indices }, context);
  if (highres.upscale === "latents") return stageFromLatents(batch, latents, architecture.factor);
  const small: Picture[] = [];
  for await (const picture of decodeImages(context.networks, latents, batch.sampling)) {
    const at = small.push(picture) - 1;
    if (highres.keepsFirst)
      yield imageEvent(picture, batch.pictures[at]!, indices[at]!, batch.sampling, highres.steps, "first");
  }
  return stageFromPictures(batch, small);
}

function imageEvent(
  picture: Picture,
  { prompt, negativePrompt, seed }: PictureOrder,
  index: number,
  sampling: Sampling,
  steps: number,
  stage: Stage,
): GenerationEvent {
  const { width, height } = picture;
  const parameters: PictureParameters = { prompt, negativePrompt, seed, sampling, width, height, steps };
  return { kind: "image", index, stage, picture, parameters };
}
