import type { ChunkJoining, ModelFamily } from "../models/index.ts";
import {
  captionChunks,
  chunkCapacity,
  type MaxTokenLength,
  promptTokens,
  type Tokenizer,
  tokenizePrompts,
} from "../tokenizer/index.ts";
import type { Sampling } from "./request.ts";
import type { PromptVocabulary } from "./vocabulary.ts";

/** A text in chunks for one text encoder. */
export interface ChunkLayout {
  /** [chunks][77] */
  readonly chunks: readonly (readonly number[])[];
  /** Weight of each position of the joined states. */
  readonly weights: readonly number[];
  readonly isTruncated: boolean;
}

/** The texts of a batch in chunks, the same number for all. */
interface PromptLayout {
  /** [text encoder][text]; with vectors for each layer, [text encoder][text x layer]. */
  readonly layouts: readonly (readonly ChunkLayout[])[];
  readonly joining: ChunkJoining;
}

type LayoutOptions = Pick<Sampling, "compatibility" | "maxEmbeddingsMultiples">;

/** Splits texts into chunks. @throws PROMPT_WEIGHT_INVALID */
export function layOut(
  texts: readonly string[],
  vocabulary: PromptVocabulary,
  family: ModelFamily,
  options: LayoutOptions,
): PromptLayout {
  const { replacements = [], layerReplacements } = vocabulary;
  if (!layerReplacements) return layOutOnce(texts, vocabulary, family, options);
  const variants = layerReplacements.map((inLayer) =>
    layOutOnce(texts, { ...vocabulary, replacements: new Map([...replacements, ...inLayer]) }, family, options),
  );
  const { joining } = variants[0]!;
  const perEncoder = (_: unknown, encoder: number) =>
    texts.flatMap((_, text) => variants.map((variant) => variant.layouts[encoder]![text]!));
  return { joining, layouts: vocabulary.tokenizers.map(perEncoder) };
}

function layOutOnce(
  texts: readonly string[],
  { tokenizers, replacements }: PromptVocabulary,
  family: ModelFamily,
  { compatibility, maxEmbeddingsMultiples: maxChunks }: LayoutOptions,
): PromptLayout {
  if (compatibility === "preview" && family === "sdxl")
    return {
      joining: "trimmed",
      layouts: tokenizers.map((tokenizer) => texts.map((text) => captionLike(tokenizer, text, maxChunks))),
    };
  const options = { mode: compatibility, maxChunks, ...(replacements && { replacements }) };
  return {
    joining: "whole",
    layouts: tokenizers.map((tokenizer) =>
      tokenizePrompts(tokenizer, texts, options).map(({ inputIds, inputWeights, isTruncated }) => ({
        chunks: inputIds,
        weights: inputWeights,
        isTruncated,
      })),
    ),
  };
}

/** The chunks of a prompt as of a caption, always all of them: for SDXL's sample images. */
function captionLike(tokenizer: Tokenizer, text: string, maxChunks: number): ChunkLayout {
  const { ids, weights, isTruncated } = promptTokens(tokenizer, text, { mode: "preview", maxChunks });
  const length = chunkCapacity * maxChunks;
  const padding = Array<number>(length - weights.length).fill(1);
  return {
    chunks: captionChunks(tokenizer, ids, length as MaxTokenLength),
    weights: [1, ...weights, ...padding, 1],
    isTruncated,
  };
}
