import type { ModelFamily } from "../../models/index.ts";
import {
  captionChunks,
  chunkCapacity,
  encodePrompts,
  type MaxTokenLength,
  promptTokens,
  type Tokenizer,
} from "../../tokenizer/index.ts";
import type { Sampling } from "../request.ts";
import type { Vocabulary } from "../vocabulary.ts";

/** A text as one text encoder gets it. */
export interface TextLayout {
  /** [chunks][77] */
  readonly chunks: readonly (readonly number[])[];
  /** For each position of the joined states. */
  readonly weights: readonly number[];
  readonly isTruncated: boolean;
}

/** "whole" joins the states of all chunks, "trimmed" only the first begin, the tokens and the last end. */
export type Joining = "whole" | "trimmed";

/** How the texts of a batch are laid out in chunks: all get equally many. */
export interface Layout {
  /** [text encoder][text], with words that have vectors for each layer [text encoder][text x layer]. */
  readonly texts: readonly (readonly TextLayout[])[];
  readonly joining: Joining;
}

export type TextSettings = Pick<Sampling, "flavour" | "maxEmbeddingsMultiples">;

/** Lays texts out in chunks. @throws PROMPT_WEIGHT_INVALID */
export function layOut(
  texts: readonly string[],
  vocabulary: Vocabulary,
  family: ModelFamily,
  settings: TextSettings,
): Layout {
  const { replacements = [], layerReplacements } = vocabulary;
  if (!layerReplacements) return layOutOnce(texts, vocabulary, family, settings);
  const variants = layerReplacements.map((inLayer) =>
    layOutOnce(texts, { ...vocabulary, replacements: new Map([...replacements, ...inLayer]) }, family, settings),
  );
  const { joining } = variants[0]!;
  const perEncoder = (_: unknown, encoder: number) =>
    texts.flatMap((_, text) => variants.map((variant) => variant.texts[encoder]![text]!));
  return { joining, texts: vocabulary.tokenizers.map(perEncoder) };
}

function layOutOnce(
  texts: readonly string[],
  { tokenizers, replacements }: Vocabulary,
  family: ModelFamily,
  { flavour, maxEmbeddingsMultiples: maxChunks }: TextSettings,
): Layout {
  if (flavour === "preview" && family === "sdxl")
    return {
      joining: "trimmed",
      texts: tokenizers.map((tokenizer) => texts.map((text) => captionLike(tokenizer, text, maxChunks))),
    };
  const options = { mode: flavour, maxChunks, ...(replacements && { replacements }) };
  return {
    joining: "whole",
    texts: tokenizers.map((tokenizer) =>
      encodePrompts(tokenizer, texts, options).map(({ inputIds, inputWeights, isTruncated }) => ({
        chunks: inputIds,
        weights: inputWeights,
        isTruncated,
      })),
    ),
  };
}

/** SDXL's previews lay a prompt out like a caption, always with all chunks. */
function captionLike(tokenizer: Tokenizer, text: string, maxChunks: number): TextLayout {
  const { ids, weights, isTruncated } = promptTokens(tokenizer, text, { mode: "preview", maxChunks });
  const length = chunkCapacity * maxChunks;
  const padding = Array<number>(length - weights.length).fill(1);
  return {
    chunks: captionChunks(tokenizer, ids, length as MaxTokenLength),
    weights: [1, ...weights, ...padding, 1],
    isTruncated,
  };
}
