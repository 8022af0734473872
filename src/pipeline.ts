/** The parts of coinage for programs that keep a model loaded: open it once, then encode, sample and decode, with learned embeddings and images as values.
 *  Nothing is written.
 *
 *  ```ts
 *  await using model = await openModel("model.safetensors");
 *  const embedding = await readEmbedding("mycat.safetensors");
 *  const [image] = await resultOf(model.generate({ prompt: "a photo of mycat", embeddings: [embedding] }));
 *  await writeFile("mycat.png", await image.toPng());
 *  ```
 *
 *  @module coinage/pipeline */
// The entry of the package for programs. What generates images is the room src/pipeline.
import type { NdArray } from "./array/index.ts";
import { clipMerges } from "./assets/index.ts";
import { type Checkpoint, type Family, openCheckpoint } from "./checkpoint/index.ts";
import { type PredictionType, samplerName } from "./diffusion/index.ts";
import type { PromptEmbedding } from "./embeddings.ts";
import { CoinageError } from "./errors/index.ts";
import { resultOf, type StopOptions, type StopSignal, throwIfAborted, unlessAborted } from "./events/index.ts";
import { type GeneratedImage, generatedImage } from "./generation/index.ts";
import { type DownloadEvent, localModel } from "./hub/index.ts";
import { diffusionModel } from "./models/index.ts";
import { decodeImages } from "./networks/index.ts";
import { decodePicture, type Picture } from "./pictures/index.ts";
import {
  batchesOf,
  checkBatchSize,
  checkSampling,
  encodePrompts,
  type GenerationEvent,
  type GenerationRequest,
  generateBatch,
  type ImageBatch,
  openPipeline,
  type Pipeline,
  type PromptConditioning,
  plainVocabulary,
  type SamplingStepEvent,
  sampleLatents,
  withEmbeddingValues,
} from "./pipeline/index.ts";
import { type DeviceName, openDevice, requireDevice } from "./runtime/index.ts";

export type { DType, NdArray, TypedArray } from "./array/index.ts";
export type { Family } from "./checkpoint/index.ts";
export { type PredictionType, type SamplerName, samplerNames } from "./diffusion/index.ts";
export type { LearnedEmbedding } from "./embedding/index.ts";
export { type Embedding, type PromptEmbedding, readEmbedding } from "./embeddings.ts";
export { CoinageError, type ErrorCode, type ErrorDetails, errorCodes, formatError } from "./errors/index.ts";
export { resultOf, type StopOptions, type StopSignal } from "./events/index.ts";
export type { GeneratedImage } from "./generation/index.ts";
export type { DownloadEvent } from "./hub/index.ts";
export type { TextConditioning, VaeShares } from "./networks/index.ts";
export type { Channels, Picture } from "./pictures/index.ts";
export type {
  Compatibility,
  GenerationEvent,
  GenerationRequest,
  HighresFix,
  ImageParameters,
  ImageRequest,
  InitImage,
  Pass,
  PromptConditioning,
  PromptGroup,
  Sampling,
  SamplingStepEvent,
  SizeConditions,
  StartNoise,
  WeightNormalization,
} from "./pipeline/index.ts";
export { type DeviceName, deviceNames } from "./runtime/index.ts";

// Declared here, as by Node's types, so that these ones need neither them nor the library of disposables.
declare global {
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

export interface OpenModelOptions {
  /** Where to compute. Unless given, the fastest device that works. */
  readonly device?: DeviceName | "auto" | undefined;
  /** Processor threads; unless given, one for each core. */
  readonly threads?: number | undefined;
  /** Computes products of text encoders and U-Net in float16, on GPUs where that is exact enough. */
  readonly halfPrecision?: boolean | undefined;
  /** Another VAE than the model's own: file, folder, or name on the hub. */
  readonly vae?: string | undefined;
  /** Unless given, detected from the weights. */
  readonly family?: Family | undefined;
  /** Unless given, detected from the weights. */
  readonly predictionType?: PredictionType | undefined;
  /** For models trained with a noise schedule that ends without signal. */
  readonly hasZeroTerminalSnr?: boolean | undefined;
  /** Embeddings that all prompts may use. */
  readonly embeddings?: readonly PromptEmbedding[] | undefined;
  /** Aborting ends a download; the promise then rejects with the signal's reason. What was fetched is kept for the next time. */
  readonly signal?: StopSignal | undefined;
  /** Called while a model of the hub is fetched. */
  readonly onDownload?: ((event: DownloadEvent) => void) | undefined;
}

/** What to generate: a prompt, and whatever is to differ from the defaults. */
export interface ModelRequest extends GenerationRequest {
  /** Embeddings that the prompts of this request may use, besides those the model was opened with. */
  readonly embeddings?: readonly PromptEmbedding[] | undefined;
}

/** What to sample: one batch of `images`. */
export interface SampleRequest extends Omit<ModelRequest, "batchSize" | "highres"> {
  /** Latents [B,4,h,w] to start from, as `encode` gives them. */
  readonly initLatents?: NdArray<Float32Array> | undefined;
  /** The prompts encoded before, by `encodePrompts` for the same request. */
  readonly conditioning?: PromptConditioning | undefined;
}

/** What happens while images are generated. */
export type ModelEvent =
  | Exclude<GenerationEvent, { readonly kind: "image" | "done" }>
  | (Omit<Extract<GenerationEvent, { readonly kind: "image" }>, "picture"> & { readonly image: GeneratedImage });

/** An opened model. Its networks are loaded when they are first needed and stay until it is closed. Calls may overlap: they take turns on the device. */
export interface Model {
  /** Path of its file or folder. */
  readonly path: string;
  readonly family: Family;
  /** What its U-Net predicts. */
  readonly predictionType: PredictionType;
  readonly device: DeviceName;
  /** What is odd about it. */
  readonly warnings: readonly string[];
  /** Generates images: tells of every step and image, and returns the images.
   *  @throws PICTURE_SIZE, SETTINGS_CONFLICT, SAMPLER_UNKNOWN, SAMPLER_STEPS, PROMPT_WEIGHT_INVALID, PROMPT_UNSUPPORTED, TOKEN_EXISTS, the EMBEDDING codes, RUNTIME */
  generate(request: ModelRequest, options?: StopOptions): AsyncGenerator<ModelEvent, readonly GeneratedImage[]>;
  /** Encodes the prompts of a request as its U-Net reads them. @throws as generate */
  encodePrompts(request: SampleRequest): Promise<PromptConditioning>;
  /** Samples latents: tells of every step, and returns the finished latents [B,4,h,w]; undefined when stopped before. @throws as generate */
  sample(
    request: SampleRequest,
    options?: StopOptions,
  ): AsyncGenerator<SamplingStepEvent, NdArray<Float32Array> | undefined>;
  /** Images out of latents [B,4,h,w]. @throws RUNTIME */
  decode(latents: NdArray<Float32Array>, options?: StopOptions): Promise<readonly GeneratedImage[]>;
  /** Latents [B,4,h,w] of images of one size, in pixels a multiple of 8: the means of what the VAE encodes them to. @throws PICTURE_SIZE, RUNTIME */
  encode(images: readonly Picture[], options?: StopOptions): Promise<NdArray<Float32Array>>;
  /** Frees everything. Calls under way fail with RUNTIME. */
  close(): Promise<void>;
  /** The same: `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a model: a file, a Diffusers folder, or a name on the Hugging Face hub, which is fetched first.
 *  @throws DEVICE_UNAVAILABLE, FILE_NOT_FOUND, TOKEN_EXISTS, and the codes of checkpoints, embeddings and the hub */
export async function openModel(nameOrPath: string, options: OpenModelOptions = {}): Promise<Model> {
  const { device = "auto", threads, halfPrecision = false, hasZeroTerminalSnr, embeddings = [] } = options;
  await requireDevice(device);
  const checkpoint = await findCheckpoint(nameOrPath, options);
  const model = diffusionModel({ ...checkpoint, family: checkpoint.family.value });
  const predictionType = checkpoint.predictionType.value;
  const plain = plainVocabulary(model.family, await clipMerges());
  const sampled = { model, predictionType, hasZeroTerminalSnr };
  const vocabulary = withEmbeddingValues(plain, embeddings, model);
  const { runtime, computeDtype } = await openDevice({ device, threads, wantsFloat16: halfPrecision });
  const pipeline = openPipeline({ ...sampled, vocabulary, runtime, computeDtype });

  const checked = <Request extends Pick<ModelRequest, "sampler">>(request: Request): Request => {
    if (request.sampler !== undefined) samplerName(request.sampler);
    return request;
  };
  const withWords = ({ embeddings = [] }: Pick<ModelRequest, "embeddings">): Pipeline => ({
    ...pipeline,
    vocabulary: withEmbeddingValues(vocabulary, embeddings, model),
  });
  const batchOf = ({ images = 1, ...request }: SampleRequest): ImageBatch => {
    const [batch] = batchesOf({ ...checked(request), images, batchSize: images, highres: undefined }, model.family);
    checkSampling(batch!.sampling, pipeline);
    checkBatchSize(images, batch!.sampling);
    return batch!;
  };
  const close = (): Promise<void> => runtime.close();

  return {
    path: checkpoint.path,
    family: model.family,
    predictionType,
    device: runtime.device,
    warnings: checkpoint.warnings,
    async *generate(request, { signal } = {}) {
      const images: GeneratedImage[] = [];
      const words = withWords(request);
      for (const batch of batchesOf(checked(request), model.family)) {
        checkBatchSize(batch.images.length, batch.sampling);
        for await (const event of unlessAborted(generateBatch(batch, words), signal)) {
          if (event.kind !== "image") yield event;
          else {
            const { picture, ...about } = event;
            const image = generatedImage(picture);
            if (event.pass === "final") images.push(image);
            yield { ...about, image };
          }
        }
        if (signal?.aborted) break;
      }
      return images;
    },
    encodePrompts: async (request) => encodePrompts(batchOf(request), withWords(request)),
    async *sample(request, { signal } = {}) {
      if (signal?.aborted) return undefined;
      const { initLatents, conditioning } = request;
      const [batch, words] = [batchOf(request), withWords(request)];
      const encoded = conditioning ?? (await encodePrompts(batch, words));
      return yield* unlessAborted(sampleLatents({ ...batch, initLatents }, encoded, words), signal);
    },
    async decode(latents, { signal } = {}) {
      throwIfAborted(signal);
      const images: GeneratedImage[] = [];
      for await (const picture of decodeImages(pipeline.networks, latents, { vaeBatchSize: 1 })) {
        images.push(generatedImage(picture));
        if (images.length < latents.shape[0]!) throwIfAborted(signal);
      }
      return images;
    },
    async encode(images, { signal } = {}) {
      throwIfAborted(signal);
      return encodeMeans(images, pipeline);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Reads an image of any usual format, as 8-bit RGB, turned as its EXIF data says. file: its path or its bytes. @throws PICTURE_UNREADABLE */
export async function readImage(file: string | Uint8Array): Promise<Picture> {
  return decodePicture(file, { exifTranspose: true });
}

async function findCheckpoint(nameOrPath: string, options: OpenModelOptions): Promise<Checkpoint> {
  const { vae, family, predictionType, signal, onDownload } = options;
  const fetched = async (name: string, purpose: "model" | "vae"): Promise<string> => {
    const file = await resultOf(unlessAborted(localModel(name, purpose), signal), onDownload);
    if (file === undefined) throw signal?.reason;
    return file;
  };
  const target = await fetched(nameOrPath, "model");
  const vaeTarget = vae === undefined ? undefined : await fetched(vae, "vae");
  return openCheckpoint(target, { family, predictionType, vae: vaeTarget });
}

/** The means of the distributions that images are encoded to, scaled (times scaling_factor). */
async function encodeMeans(
  images: readonly Picture[],
  { model, initImages }: Pipeline,
): Promise<NdArray<Float32Array>> {
  const { latentChannels, vaeScaleFactor: factor } = model.vae.architecture;
  const { width = 0, height = 0 } = images[0] ?? {};
  const isOfOneSize = images.every((image) => image.width === width && image.height === height);
  if (images.length === 0 || !isOfOneSize || width % factor !== 0 || height % factor !== 0)
    throw new CoinageError("PICTURE_SIZE", "Images that are encoded together are of one size, a multiple of 8 pixels.");
  const noNoise = new Float32Array((latentChannels * width * height) / factor ** 2);
  return initImages.latents(
    images,
    [width, height],
    images.map(() => noNoise),
    {},
  );
}
