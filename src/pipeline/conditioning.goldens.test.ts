import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeGoldens, float32, largestDifference, readJson, readTensors } from "../../test/goldens.ts";
import { openTinySd } from "../../test/tiny-sd.ts";
import { dtypeBytes, type NdArray, type StoredArray } from "../array/index.ts";
import { clipMerges } from "../assets/index.ts";
import { embeddingForModel, readEmbeddingFile } from "../embedding/index.ts";
import { type DiffusionModel, inferText, weightsOf } from "../models/index.ts";
import { Networks } from "../networks/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { bosId, createTokenizer, eosId, type Padding, parsePromptWeights, promptTokens } from "../tokenizer/index.ts";
import { encodeTexts } from "./conditioning.ts";
import type { WeightNormalization } from "./request.ts";
import { type NamedEmbedding, type PromptVocabulary, withEmbeddings } from "./vocabulary.ts";

interface PiecesCase {
  readonly name: string;
  readonly text: string;
  readonly pieces?: readonly (readonly [string, number])[];
  readonly error?: string;
}

interface TextCase {
  readonly name: string;
  readonly prompts: readonly string[];
  readonly negative_prompts: readonly string[] | null;
  readonly max_embeddings_multiples: number;
  readonly clip_skip: number;
  readonly emb_normalize_mode: WeightNormalization;
  readonly pad: "eos" | "zero";
  readonly model: "sd" | "sdxl_1" | "sdxl_2";
  readonly chunks: number;
  readonly ids: readonly (readonly number[])[];
  readonly negative_ids?: readonly (readonly number[])[] | null;
  readonly weights?: readonly (readonly number[])[];
  readonly negative_weights?: readonly (readonly number[])[] | null;
  readonly embeddings?: readonly string[];
}

interface Index {
  readonly text_encoder: { readonly heads: number; readonly activation: string; readonly layer_norm_eps: number };
  readonly pieces: readonly PiecesCase[];
  readonly text: readonly TextCase[];
}

const weightTolerance = 1e-12;
const stateTolerance = 2e-5;
const table = "text_model.embeddings.token_embedding";

describeGoldens("generation", (folder) => {
  const { pieces, text, text_encoder: shape } = readJson<Index>(folder, "index.json");
  const recorded = readTensors(folder, "tensors.safetensors");

  test.each(pieces)("pieces of $text", ({ text: written, pieces: expected }) => {
    const read = () => parsePromptWeights(written, { knowsBreak: true });
    if (!expected) return expect(read).toThrow(expect.objectContaining({ code: "PROMPT_WEIGHT_INVALID" }));
    const own = read();
    expect(own.map((piece) => piece.text)).toEqual(expected.map(([piece]) => piece));
    for (const [i, [, weight]] of expected.entries())
      expect(Math.abs(own[i]!.weight - weight)).toBeLessThan(weightTolerance);
  });

  let runtime: Runtime;
  let whole: DiffusionModel;
  beforeAll(async () => {
    runtime = openRuntime({ threads: 1 });
    whole = await openTinySd();
  });
  afterAll(() => runtime.close());

  /** A model with one text encoder; U-Net and VAE are not used. */
  function textModel({ model }: TextCase): DiffusionModel {
    const tensors = textEncoder(folder);
    const config = {
      num_attention_heads: shape.heads,
      hidden_act: shape.activation,
      layer_norm_eps: shape.layer_norm_eps,
    };
    const network = {
      weights: weightsOf("text_encoder", tensors),
      architecture: inferText(tensors, config, "quick_gelu"),
      isProjectionTransposed: false,
    };
    return { ...whole, family: model === "sd" ? "sd1" : "sdxl", textEncoders: [network] };
  }

  async function vocabularyOf({ pad, model, embeddings = [] }: TextCase, width: number): Promise<PromptVocabulary> {
    const padding: Padding = pad === "eos" ? "eos" : model === "sd" ? "bang" : "zero";
    const plain = { tokenizers: [createTokenizer(await clipMerges(), { padding })] };
    const files = embeddings.map((file) => path.join(folder, "embeddings", file));
    const target = { label: "test", widths: [width] };
    const read = async (file: string): Promise<NamedEmbedding> => {
      const embedding = await readEmbeddingFile(file, "first");
      return { ...embeddingForModel(embedding, target), name: embedding.name, file };
    };
    return withEmbeddings(plain, await Promise.all(files.map(read)));
  }

  test.each(text)("conditioning $name", async (entry) => {
    const model = textModel(entry);
    const vocabulary = await vocabularyOf(entry, model.textEncoders[0]!.architecture.width);
    // sd-scripts' regional prompts are several rows of text; coinage refuses them, but their parts are ordinary prompts
    const prompts = entry.prompts.flatMap((prompt) => prompt.split(" AND "));
    const negatives = entry.negative_prompts ?? [];
    expectTokens(entry, prompts, entry.ids, entry.weights, vocabulary);
    if (entry.negative_ids) expectTokens(entry, negatives, entry.negative_ids, entry.negative_weights, vocabulary);

    const networks = new Networks(model, runtime);
    const { encoderHiddenStates, pooled } = await encodeTexts([...negatives, ...prompts], networks, vocabulary, {
      compatibility: "generation",
      maxEmbeddingsMultiples: entry.max_embeddings_multiples,
      weightNormalization: entry.emb_normalize_mode,
      clipSkip: entry.clip_skip,
    });
    await networks.close();
    expect(encoderHiddenStates.shape[1]).toBe(77 * entry.chunks);
    for (const [key, array] of [
      ["text", encoderHiddenStates],
      ["uncond", encoderHiddenStates],
      ["text_pool", pooled],
      ["uncond_pool", pooled],
    ] as const) {
      const isNegative = key.startsWith("uncond");
      const name = `text/${entry.name}/${key}`;
      if (!recorded.has(name)) continue;
      const rows = isNegative ? [0, negatives.length] : [negatives.length, negatives.length + prompts.length];
      expect(largestDifference(rowsOf(array!, rows), float32(recorded, name).data), key).toBeLessThan(stateTolerance);
    }
    expect(recorded.has(`text/${entry.name}/text`) || recorded.has(`text/${entry.name}/text_pool`)).toBe(true);
  });
});

function expectTokens(
  { chunks, max_embeddings_multiples: maxChunks }: TextCase,
  prompts: readonly string[],
  ids: readonly (readonly number[])[],
  weights: readonly (readonly number[])[] | null | undefined,
  { tokenizers, replacements }: PromptVocabulary,
): void {
  const [tokenizer] = tokenizers;
  prompts.forEach((prompt, i) => {
    const tokens = promptTokens(tokenizer!, prompt, {
      mode: "generation",
      maxChunks,
      ...(replacements && { replacements }),
    });
    const padded = [bosId, ...tokens.ids, eosId];
    while (padded.length < 75 * chunks + 2) padded.push(tokenizer!.padId);
    expect(padded).toEqual(ids[i]);
    for (const [k, weight] of (weights?.[i] ?? []).entries())
      expect(Math.abs((tokens.weights[k] ?? 1) - weight)).toBeLessThan(weightTolerance);
  });
}

function rowsOf({ shape, data }: NdArray<Float32Array>, [from, to]: readonly number[]): Float32Array {
  const size = data.length / shape[0]!;
  return data.subarray(from! * size, to! * size);
}

/** The golden text encoder. The lean set has only the used rows of the token table, with their ids. */
function textEncoder(folder: string): Map<string, StoredArray> {
  const tensors = readTensors(folder, "text_encoder.safetensors");
  const ids = tensors.get(`${table}.ids`);
  if (ids) {
    const kept = tensors.get(`${table}.rows`)!;
    const width = kept.shape[1]!;
    const data = new Uint16Array((eosId + 1) * width);
    Array.from(ids.data, Number).forEach((id, i) => {
      data.set((kept.data as Uint16Array).subarray(i * width, (i + 1) * width), id * width);
    });
    tensors.delete(`${table}.ids`);
    tensors.delete(`${table}.rows`);
    tensors.set(`${table}.weight`, { dtype: kept.dtype, shape: [eosId + 1, width], data });
  }
  return new Map([...tensors].map(([name, array]) => [name, stored(array)]));
}

function stored({ dtype, shape, data }: NdArray): StoredArray {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length * dtypeBytes[dtype]);
  return { dtype, shape, bytes };
}
