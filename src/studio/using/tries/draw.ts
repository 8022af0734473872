import { readFile } from "node:fs/promises";
import { clipMerges } from "../../../assets/index.ts";
import { type Family, openCheckpoint } from "../../../checkpoint/index.ts";
import { embeddingOfFile, readEmbeddingFile } from "../../../embedding/index.ts";
import { CoinageError, machineProblem } from "../../../errors/index.ts";
import { resultOf } from "../../../events/index.ts";
import { digestOf, writeFileAtomically } from "../../../files/index.ts";
import { generatedImage, imageTexts } from "../../../generation/index.ts";
import { localModel, modelNameOf } from "../../../hub/index.ts";
import { diffusionModel } from "../../../models/index.ts";
import {
  checkRequest,
  type GenerationRequest,
  generateImages,
  openPipeline,
  type Pipeline,
  type PromptVocabulary,
  plainVocabulary,
  withEmbeddingValues,
} from "../../../pipeline/index.ts";
import { type DeviceName, openDevice, requireDevice } from "../../../runtime/index.ts";
import { type Problem, problemOf } from "../../http/problems.ts";

/** A model as `coinage generate` opens it. */
export interface DrawModel {
  readonly path: string;
  readonly vae?: string | undefined;
  readonly family?: Family | undefined;
  readonly predictsVelocity: boolean;
  readonly hasZeroTerminalSnr: boolean;
  readonly device: DeviceName | "auto";
  readonly threads?: number | undefined;
}

/** An image to draw. */
export interface DrawRequest {
  readonly model: DrawModel;
  /** The word, and the file of its vectors with its hash; undefined if the prompt needs none. */
  readonly embedding: { readonly word: string; readonly file: string; readonly sha256: string } | undefined;
  readonly request: GenerationRequest;
  /** The PNG file to write. */
  readonly file: string;
}

/** Progress of drawing. step 0: the model is loading. */
export interface DrawNews {
  readonly step: number;
  readonly steps: number;
}

export interface DrawAnswer {
  readonly problem?: Problem;
}

interface OpenModel {
  readonly key: string;
  readonly modelName: string;
  readonly pipeline: Pipeline;
  readonly plain: PromptVocabulary;
  readonly close: () => Promise<void>;
}

let open: OpenModel | undefined;

/** Frees the loaded model. */
export async function freeModel(): Promise<void> {
  const closing = open;
  open = undefined;
  // a failed device may also fail to free its memory
  await closing?.close().catch(() => {});
}

/** Draws an image with the same pixels as `coinage generate`, and writes it. Errors are part of the answer. @throws for bugs only */
export async function draw(wanted: DrawRequest, tell: (news: DrawNews) => void): Promise<DrawAnswer> {
  try {
    tell({ step: 0, steps: wanted.request.steps ?? 0 });
    await drawn(wanted, await opened(wanted.model), tell);
    return {};
  } catch (error) {
    const known = error instanceof CoinageError ? error : machineProblem(error);
    // after such a failure the state of the model is unknown
    if (!known || ["RUNTIME", "OUT_OF_MEMORY"].includes(known.code)) await freeModel();
    if (!known) throw error;
    return { problem: problemOf(known) };
  }
}

async function drawn(
  { embedding, request, file }: DrawRequest,
  { pipeline, plain, modelName }: OpenModel,
  tell: (news: DrawNews) => void,
): Promise<void> {
  const vocabulary = embedding
    ? withEmbeddingValues(plain, [{ name: embedding.word, ...(await vectorsOf(embedding)) }], pipeline.model)
    : plain;
  checkRequest(request, vocabulary.tokenizers[0]!.words, pipeline);
  for await (const event of generateImages(request, { ...pipeline, vocabulary })) {
    if (event.kind === "step") tell({ step: event.step, steps: event.steps });
    if (event.kind !== "image") continue;
    const { picture, parameters } = event;
    const planned = { rawPrompt: request.prompt, clipPrompt: undefined };
    const texts = imageTexts({ planned, parameters, family: pipeline.model.family, modelName });
    await writeFileAtomically(file, await generatedImage(picture, texts).toPng());
  }
}

async function vectorsOf({ file, sha256 }: NonNullable<DrawRequest["embedding"]>) {
  if (digestOf(await readFile(file)) !== sha256)
    throw new CoinageError("TRY_FAILED", "The checkpoint has been written anew since the image was asked for.", {
      where: file,
      hint: "Ask for it again.",
    });
  const { vectors, layers } = embeddingOfFile(await readEmbeddingFile(file));
  return { vectors, layers };
}

/** The opened model, reused if it is the same. Its networks are loaded with the first image. */
async function opened(wanted: DrawModel): Promise<OpenModel> {
  const key = JSON.stringify(wanted);
  if (open?.key === key) return open;
  await freeModel();
  const { path, vae, family, predictsVelocity, hasZeroTerminalSnr, device, threads } = wanted;
  await requireDevice(device);
  const checkpoint = await openCheckpoint(await resultOf(localModel(path)), {
    family,
    predictionType: predictsVelocity ? "v_prediction" : undefined,
    vae: vae === undefined ? undefined : await resultOf(localModel(vae, "vae")),
  });
  const model = diffusionModel({ ...checkpoint, family: checkpoint.family.value });
  const plain = plainVocabulary(model.family, await clipMerges());
  const { runtime, computeDtype } = await openDevice({ device, threads, wantsFloat16: false });
  const predictionType = checkpoint.predictionType.value;
  const pipeline = openPipeline({
    model,
    predictionType,
    hasZeroTerminalSnr,
    vocabulary: plain,
    runtime,
    computeDtype,
  });
  open = { key, modelName: modelNameOf(checkpoint.path), pipeline, plain, close: () => runtime.close() };
  return open;
}
