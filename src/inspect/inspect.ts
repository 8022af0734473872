import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import type { ByteSource } from "../array/index.ts";
import { limits } from "../budget/index.ts";
import {
  containerOf,
  isFolder,
  readWeightFile,
  recognizeNames,
  type WeightFile,
  withOpenFile,
} from "../checkpoint/index.ts";
import { carrierOf, carrierStart, readEmbeddingFile } from "../embedding/index.ts";
import { CoinageError } from "../errors/index.ts";
import { hintOfMissing } from "../files/index.ts";
import { isNpz } from "../formats/npz/index.ts";
import { isPng, type PngText, readPngTexts } from "../formats/png-text/index.ts";
import { describeEmbedding } from "./embedding.ts";
import { type Inspection, type PictureInspection, problemOf } from "./inspection.ts";
import { inspectModelFile, inspectModelFolder } from "./model.ts";
import { describeWeights, inspectArrays } from "./tensors.ts";
import { inspectTrainingState } from "./training-state.ts";

/** Finds out what a file or folder is. Never fails on an unusual or damaged one: its problems are part of the result.
 *  @throws FILE_NOT_FOUND only */
export async function inspectFile(target: string): Promise<Inspection> {
  const absolute = path.resolve(target);
  const bytes = statSync(absolute, { throwIfNoEntry: false })?.size;
  if (bytes === undefined)
    throw new CoinageError("FILE_NOT_FOUND", `${absolute} does not exist.`, hintOfMissing(target));
  try {
    return isFolder(absolute) ? await inspectFolder(absolute) : await inspectKnown(absolute, bytes);
  } catch (error) {
    return { kind: "unknown", path: absolute, bytes, problems: [problemOf(error)] };
  }
}

async function inspectKnown(file: string, bytes: number): Promise<Inspection> {
  if (withOpenFile(file, (source) => carrierOf(source.read(0, Math.min(carrierStart, source.size)))))
    return inspectPicture(file, bytes);
  if (withOpenFile(file, isNpz)) return inspectArrays(file, bytes);
  const weights = readNamedWeights(file);
  if (!weights) return inspectEmbedding(file, bytes, undefined);
  const names = [...weights.tensors.keys(), ...weights.unusable.keys()];
  const { kind } = recognizeNames(names);
  if (kind === "model") return inspectModelFile(file, bytes, weights);
  const mayBeEmbedding =
    kind === "embedding" || kind === "unknown" || names.some((name) => name.startsWith("bundle_emb."));
  return mayBeEmbedding ? inspectEmbedding(file, bytes, weights) : describeWeights(file, bytes, weights, []);
}

/** The weights by name; undefined for a PyTorch file that contains something other than a dict, such as a bare tensor. */
function readNamedWeights(file: string): WeightFile | undefined {
  try {
    return readWeightFile(file);
  } catch (error) {
    const isTorchFile = withOpenFile(file, containerOf)?.startsWith("torch");
    if (isTorchFile && error instanceof CoinageError && error.code === "CHECKPOINT_UNREADABLE") return undefined;
    throw error;
  }
}

async function inspectEmbedding(file: string, bytes: number, weights: WeightFile | undefined): Promise<Inspection> {
  try {
    return describeEmbedding(await readEmbeddingFile(file), bytes);
  } catch (error) {
    const problem = problemOf(error);
    if (!weights) return { kind: "unknown", path: file, bytes, problems: [problem] };
    return describeWeights(file, bytes, weights, [problem]);
  }
}

/** Texts of a PNG; none of other files. */
function textsOf(source: ByteSource): PngText[] {
  if (source.size > limits.embeddingPicture.max) return [];
  const picture = source.read(0, source.size);
  return isPng(picture) ? readPngTexts(picture) : [];
}

/** An image: its embedding, else its texts. */
async function inspectPicture(file: string, bytes: number): Promise<Inspection> {
  try {
    return describeEmbedding(await readEmbeddingFile(file), bytes);
  } catch (error) {
    const problem = problemOf(error);
    const texts = problem.code === "PNG_INVALID" ? [] : withOpenFile(file, textsOf);
    const isPlain = problem.code === "EMBEDDING_UNRECOGNIZED";
    const picture: PictureInspection = {
      kind: "picture",
      path: file,
      bytes,
      problems: isPlain ? [] : [problem],
      texts,
    };
    return picture;
  }
}

/** A folder: a training state, a Diffusers model, one of its networks, or unknown. */
async function inspectFolder(folder: string): Promise<Inspection> {
  const state = inspectTrainingState(folder);
  if (state) return state;
  const bytes = weightBytesIn(folder);
  const model = await inspectModelFolder(folder, bytes);
  if (Object.values(model.pieces).some((component) => component !== undefined)) return model;
  const [weights, ...others] = readdirSync(folder).filter((name) => /\.(safetensors|bin)$/.test(name));
  const isNetwork = weights !== undefined && others.length === 0 && readdirSync(folder).includes("config.json");
  if (isNetwork) return describeWeights(folder, bytes, readWeightFile(path.join(folder, weights)), []);
  return { kind: "unknown", path: folder, bytes, problems: model.problems };
}

/** Follows links: hub caches consist of them. */
function weightBytesIn(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const weights = names.filter((name) => /\.(safetensors|bin)$/.test(name)).map((name) => path.join(folder, name));
  return weights.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}
