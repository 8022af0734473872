import type { Tokenizer } from "./tokenizer.ts";
import { bosId, eosId } from "./vocabulary.ts";

/** Positions of the text encoder, and those left for text between begin and end. */
export const chunkLength = 77;
export const chunkCapacity = 75;

/** The tokens a caption may have; null is 75. */
export type MaxTokenLength = 75 | 150 | 225 | null;

/** The token ids of a caption as the encoder gets them in training: [chunks][77], what exceeds the length is cut. */
export function captionIds(tokenizer: Tokenizer, caption: string, maxTokenLength: MaxTokenLength): number[][] {
  return captionChunks(tokenizer, tokenizer.encode(caption), maxTokenLength);
}

/** Ids of any number cut or filled up to one, two or three chunks of 77. Only the first chunk's begin and the last one's end are kept after encoding. */
export function captionChunks(
  tokenizer: Tokenizer,
  ids: readonly number[],
  maxTokenLength: MaxTokenLength,
): number[][] {
  const count = (maxTokenLength ?? chunkCapacity) / chunkCapacity;
  const length = count * chunkCapacity + 2;
  const text = [bosId, ...ids.slice(0, length - 2), eosId];
  const padded = [...text, ...Array<number>(length - text.length).fill(tokenizer.padId)];
  if (count === 1) return [padded];
  return Array.from({ length: count }, (_, i) => {
    const inner = padded.slice(1 + chunkCapacity * i, 1 + chunkCapacity * (i + 1));
    return withEnd([bosId, ...inner, padded.at(-1)!], tokenizer.padId);
  });
}

/** Sets the end token where padding would hide it: last in a full chunk, right after the begin in an empty one. */
function withEnd(chunk: readonly number[], padId: number): number[] {
  if (padId === eosId) return [...chunk];
  const ended = [...chunk];
  const lastText = ended[chunkLength - 2];
  if (lastText !== eosId && lastText !== padId) ended[chunkLength - 1] = eosId;
  if (ended[1] === padId) ended[1] = eosId;
  return ended;
}
