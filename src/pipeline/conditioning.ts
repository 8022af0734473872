import { arrayOf, concatenate, type NdArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { ChunkJoining } from "../models/index.ts";
import type { Networks, TextConditioning } from "../networks/index.ts";
import type { PromptWords } from "../tokenizer/index.ts";
import { type ChunkLayout, layOut } from "./prompt-layout.ts";
import type { ImageBatch, Sampling, WeightNormalization } from "./request.ts";
import type { PromptVocabulary } from "./vocabulary.ts";

/** A group of prompts, one for each image of a batch. */
export type PromptGroup = "negative" | "positive" | "empty";

/** The groups of prompts for classifier-free guidance, in the order in which the U-Net computes them as one batch. */
export function promptGroups({
  guidanceScale,
  negativeScale,
}: Pick<Sampling, "guidanceScale" | "negativeScale">): readonly PromptGroup[] {
  if (guidanceScale <= 1) return ["positive"];
  return negativeScale === undefined ? ["negative", "positive"] : ["negative", "positive", "empty"];
}

/** The encoded prompts of a batch, group after group: [groups x B, ...]. */
export interface PromptConditioning extends TextConditioning {
  readonly groups: readonly PromptGroup[];
  /** Truncated prompts. */
  readonly truncated: readonly string[];
}

/** Encodes the prompts of a batch. @throws PROMPT_WEIGHT_INVALID, PROMPT_UNSUPPORTED, RUNTIME */
export async function encodePrompts(
  { sampling, images }: ImageBatch,
  { networks, vocabulary }: { readonly networks: Networks; readonly vocabulary: PromptVocabulary },
): Promise<PromptConditioning> {
  const groups = promptGroups(sampling);
  const promptsOf = {
    negative: images.map(({ negativePrompt }) => negativePrompt),
    positive: images.map(({ prompt }) => prompt),
    empty: images.map(() => ""),
  };
  const { words } = vocabulary.tokenizers[0]!;
  if (sampling.compatibility === "generation") for (const prompt of promptsOf.positive) refuseRegions(prompt, words);
  const prompts = groups.flatMap((group) => promptsOf[group]);
  const { truncated, ...encoded } = await encodeTexts(prompts, networks, vocabulary, sampling);
  return { ...encoded, groups, truncated: [...new Set(truncated)] };
}

/** @throws PROMPT_UNSUPPORTED for sd-scripts' regional prompts, which are several prompts in one */
export function refuseRegions(prompt: string, words?: PromptWords): void {
  const parts = words?.parts(prompt) ?? [{ text: prompt, isName: false }];
  if (!parts.some(({ text, isName }) => !isName && text.includes(" AND "))) return;
  throw new CoinageError(
    "PROMPT_UNSUPPORTED",
    'Prompts for several regions, joined by " AND ", are not supported yet.',
    {
      where: prompt,
      hint: 'Write "and" in small letters, or a comma.',
    },
  );
}

/** SDXL's size conditioning: original height and width, crop top and left, height and width of each prompt's image [groups x B, 6]. */
export function timeIdsOf(
  groups: readonly PromptGroup[],
  images: number,
  { width, height, sizeConditions = {} }: Sampling,
): NdArray<Float32Array> {
  const { originalHeight = height, originalWidth = width, cropTop = 0, cropLeft = 0 } = sizeConditions;
  const { originalHeightNegative = originalHeight, originalWidthNegative = originalWidth } = sizeConditions;
  const ids = groups.flatMap((group) => {
    const original =
      group === "positive" ? [originalHeight, originalWidth] : [originalHeightNegative, originalWidthNegative];
    return Array<number[]>(images)
      .fill([...original, cropTop, cropLeft, height, width])
      .flat();
  });
  return arrayOf([groups.length * images, 6], ids);
}

type TextOptions = Pick<Sampling, "compatibility" | "maxEmbeddingsMultiples" | "clipSkip" | "weightNormalization">;

/** Encodes texts together, with the same number of chunks. truncated: texts that were cut off. @throws PROMPT_WEIGHT_INVALID, RUNTIME */
export async function encodeTexts(
  texts: readonly string[],
  networks: Networks,
  vocabulary: PromptVocabulary,
  options: TextOptions,
): Promise<TextConditioning & { readonly truncated: readonly string[] }> {
  const { family, textEncoders } = networks.model;
  const { layouts, joining } = layOut(texts, vocabulary, family, options);
  const variants = vocabulary.layerReplacements?.length ?? 1;
  const chunks = layouts[0]![0]!.chunks.length;
  const embeddings = vocabulary.embeddings?.[0]?.shape[0] ? vocabulary.embeddings : undefined;
  const allChunks = layouts.map((ofEncoder) => ofEncoder.flatMap((text) => text.chunks));
  const encoded = await networks.encodeChunks(allChunks, options.clipSkip, embeddings);
  const encoderHiddenStates = joinEncodedChunks(encoded.encoderHiddenStates, chunks, joining);
  const isUnnormalized = options.compatibility === "preview" && family === "sdxl";
  const normalization = isUnnormalized ? "none" : options.weightNormalization;
  let start = 0;
  textEncoders.forEach(({ architecture: { width } }, encoder) => {
    weightTexts(encoderHiddenStates, layouts[encoder]!, { start, width }, normalization);
    start += width;
  });
  return {
    encoderHiddenStates,
    pooled: encoded.pooled && everyNthRow(encoded.pooled, chunks),
    truncated: texts.filter((_, i) => layouts.some((ofEncoder) => ofEncoder[i * variants]!.isTruncated)),
  };
}

/** Joins the states of separately encoded chunks: [texts x chunks, 77, width] to [texts, tokens, width]. */
function joinEncodedChunks(
  states: NdArray<Float32Array>,
  chunks: number,
  joining: ChunkJoining,
): NdArray<Float32Array> {
  const [count, length, width] = states.shape as readonly [number, number, number];
  const texts = count / chunks;
  if (chunks === 1 || joining === "whole") return { ...states, shape: [texts, chunks * length, width] };
  const tokens = chunks * (length - 2) + 2;
  const data = new Float32Array(texts * tokens * width);
  let at = 0;
  for (let chunk = 0; chunk < count; chunk++) {
    const first = chunk % chunks === 0 ? 0 : 1;
    const end = chunk % chunks === chunks - 1 ? length : length - 1;
    const kept = states.data.subarray((chunk * length + first) * width, (chunk * length + end) * width);
    data.set(kept, at);
    at += kept.length;
  }
  return arrayOf([texts, tokens, width], data);
}

/** Every n-th row: that of each text's first chunk. */
function everyNthRow({ shape, data }: NdArray<Float32Array>, n: number): NdArray<Float32Array> {
  const [count, width] = shape as readonly [number, number];
  const rows = Array.from({ length: count / n }, (_, i) => data.subarray(i * n * width, (i * n + 1) * width));
  return concatenate(rows.map((row) => arrayOf([1, width], row)));
}

/** The features of one text encoder in the concatenation of all. */
interface FeatureRange {
  readonly start: number;
  readonly width: number;
}

function weightTexts(
  { shape, data }: NdArray<Float32Array>,
  layouts: readonly ChunkLayout[],
  features: FeatureRange,
  normalization: WeightNormalization,
): void {
  const size = shape[1]! * shape[2]!;
  layouts.forEach(({ weights }, text) => {
    weightStates(data.subarray(text * size, (text + 1) * size), weights, features, normalization);
  });
}

/** Multiplies one text's states by the weight of each position, in place. states: [positions, all features]; only the given features change.
 *  The mean of "original" is signed, so its quotient can be large if the mean is near zero, as in sd-scripts. */
function weightStates(
  states: Float32Array,
  weights: readonly number[],
  { start, width }: FeatureRange,
  normalization: WeightNormalization,
): void {
  if (weights.every((weight) => weight === 1)) return;
  const rowWidth = states.length / weights.length;
  const sumOf = normalization === "abs" ? Math.abs : (value: number) => value;
  let before = 0;
  let after = 0;
  weights.forEach((weight, position) => {
    const row = states.subarray(position * rowWidth + start, position * rowWidth + start + width);
    for (let i = 0; i < width; i++) {
      before += sumOf(row[i]!);
      row[i]! *= weight;
      after += sumOf(row[i]!);
    }
  });
  if (normalization === "none") return;
  const quotient = before / after;
  for (let position = 0; position < weights.length; position++)
    for (let i = 0; i < width; i++) states[position * rowWidth + start + i]! *= quotient;
}
