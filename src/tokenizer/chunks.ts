import { isBreak, parsePromptWeights } from "./prompt-weights.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { bosId, eosId } from "./vocabulary.ts";

/** Positions of the text encoder. */
const chunkLength = 77;

/** Tokens of text in a chunk, between begin and end. */
export const chunkCapacity = 75;

/** Most tokens of a caption; null is 75. */
export type MaxTokenLength = 75 | 150 | 225 | null;

/** Chunks for `maxTokenLength` tokens; undefined and null stand for 75. */
export function chunkCount(maxTokenLength: number | null | undefined): number {
  return (maxTokenLength ?? chunkCapacity) / chunkCapacity;
}

/** The token ids of a caption for training: [chunks][77]; excess tokens are cut. */
export function captionIds(tokenizer: Tokenizer, caption: string, maxTokenLength: MaxTokenLength): number[][] {
  return captionChunks(tokenizer, tokenizer.encode(caption), maxTokenLength);
}

/** Ids cut or padded to one, two or three chunks of 77. Only the first chunk's begin and the last one's end are kept after encoding. */
export function captionChunks(
  tokenizer: Tokenizer,
  ids: readonly number[],
  maxTokenLength: MaxTokenLength,
): number[][] {
  const count = chunkCount(maxTokenLength);
  const length = count * chunkCapacity + 2;
  const text = [bosId, ...ids.slice(0, length - 2), eosId];
  const padded = [...text, ...Array<number>(length - text.length).fill(tokenizer.padId)];
  if (count === 1) return [padded];
  return Array.from({ length: count }, (_, i) => {
    const inner = padded.slice(1 + chunkCapacity * i, 1 + chunkCapacity * (i + 1));
    return withEnd([bosId, ...inner, padded.at(-1)!], tokenizer.padId);
  });
}

/** Adds the end token if padding is another one: last in a full chunk, directly after the begin in an empty one. */
function withEnd(chunk: readonly number[], padId: number): number[] {
  if (padId === eosId) return [...chunk];
  const ended = [...chunk];
  const lastText = ended[chunkLength - 2];
  if (lastText !== eosId && lastText !== padId) ended[chunkLength - 1] = eosId;
  if (ended[1] === padId) ended[1] = eosId;
  return ended;
}

interface PromptOptions {
  /** "generation" supports BREAK and the tokenizer's padding; "preview", the sample images during training, neither. */
  readonly mode: "generation" | "preview";
  /** Most chunks; further tokens are cut. */
  readonly maxChunks: number;
  /** Learned words of several vectors: all their ids by the id of the first token. */
  readonly replacements?: ReadonlyMap<number, readonly number[]>;
}

/** The tokens of a prompt, each with a weight. */
interface WeightedTokens {
  readonly ids: readonly number[];
  readonly weights: readonly number[];
  /** Whether tokens were cut. */
  readonly isTruncated: boolean;
}

/** A prompt as the text encoder's input. */
interface EncodedPrompt extends WeightedTokens {
  /** [chunks][77]. Encoded one by one, then joined with all their begins and ends. */
  readonly inputIds: readonly (readonly number[])[];
  /** One weight per position of the joined chunks. */
  readonly inputWeights: readonly number[];
}

/** The prompts of a batch, including negative ones, each in as many chunks as the longest needs.
 *  @throws PROMPT_WEIGHT_INVALID */
export function tokenizePrompts(
  tokenizer: Tokenizer,
  prompts: readonly string[],
  options: PromptOptions,
): EncodedPrompt[] {
  const encoded = prompts.map((prompt) => promptTokens(tokenizer, prompt, options));
  const longest = Math.max(0, ...encoded.map(({ ids }) => ids.length));
  const chunks = Math.max(1, Math.min(Math.ceil(longest / chunkCapacity), options.maxChunks));
  return encoded.map((tokens) => ({
    ...tokens,
    inputIds: promptChunks(tokenizer, tokens.ids, chunks, options.mode),
    inputWeights: chunkWeights(tokens.weights, chunks),
  }));
}

/** Parses a prompt's weights and encodes each piece separately. @throws PROMPT_WEIGHT_INVALID */
export function promptTokens(tokenizer: Tokenizer, prompt: string, options: PromptOptions): WeightedTokens {
  const knowsBreak = options.mode === "generation";
  const limit = chunkCapacity * options.maxChunks;
  const ids: number[] = [];
  const weights: number[] = [];
  for (const piece of parsePromptWeights(prompt, { knowsBreak, words: tokenizer.words })) {
    if (knowsBreak && isBreak(piece)) {
      // The reference pads to multiples of 77, not of 75: text after a BREAK does not start exactly at a chunk.
      append(Array<number>(chunkLength - (ids.length % chunkLength)).fill(tokenizer.padId), 1);
      continue;
    }
    append(
      tokenizer.encode(piece.text).flatMap((id) => options.replacements?.get(id) ?? id),
      piece.weight,
    );
    if (ids.length > limit) break;
  }
  return { ids: ids.slice(0, limit), weights: weights.slice(0, limit), isTruncated: ids.length > limit };

  function append(added: readonly number[], weight: number) {
    for (const id of added) {
      ids.push(id);
      weights.push(weight);
    }
  }
}

/** Windows of 77 over begin, tokens, end and padding, which overlap by two; if there are several, each gets its own begin and end. */
function promptChunks(
  tokenizer: Tokenizer,
  ids: readonly number[],
  count: number,
  mode: PromptOptions["mode"],
): number[][] {
  const length = chunkCapacity * count + 2;
  const fill = mode === "preview" ? eosId : tokenizer.padId;
  const padded = [bosId, ...ids, eosId, ...Array<number>(length - ids.length - 2).fill(fill)];
  if (count === 1) return [padded];
  return Array.from({ length: count }, (_, i) =>
    withBeginAndEnd(padded.slice(chunkCapacity * i, chunkCapacity * i + chunkLength), tokenizer.padId),
  );
}

function withBeginAndEnd(window: readonly number[], padId: number): number[] {
  const chunk = [bosId, ...window.slice(1)];
  const last = chunk[chunkLength - 1];
  // If padding is not the end token, a window that ends in padding keeps it, and one without text gets its end directly after the begin.
  if (padId === eosId || last !== padId) chunk[chunkLength - 1] = eosId;
  if (padId !== eosId && chunk[1] === padId) chunk[1] = eosId;
  return chunk;
}

function chunkWeights(weights: readonly number[], count: number): number[] {
  return Array.from({ length: chunkLength * count }, (_, position) => {
    const inChunk = (position % chunkLength) - 1;
    if (inChunk < 0 || inChunk >= chunkCapacity) return 1;
    return weights[Math.floor(position / chunkLength) * chunkCapacity + inChunk] ?? 1;
  });
}
