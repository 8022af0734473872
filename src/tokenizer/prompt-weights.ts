import { CoinageError } from "../errors/index.ts";
import { trimWhiteSpace } from "./words.ts";

/** A stretch of a prompt and how strongly it counts. */
export interface WeightedText {
  readonly text: string;
  readonly weight: number;
}

const roundFactor = 1.1;
const squareFactor = 1 / 1.1;

const grammar = /\\[()[\]\\]|\\|\(|\[|:([+-]?[.\p{Nd}]+)\)|\)|\]|[^\\()[\]:]+|:/gu;

/** Reads a prompt's weights: `(x)` counts 1.1 times as much, `[x]` 1.1 times less, `(x:1.3)` 1.3 times; they nest, a backslash takes a bracket literally,
 *  what stays open reaches to the end. Neighbours of equal weight are one piece; no text is one empty piece.
 *  knowsBreak: the word BREAK is a piece of its own (generation; previews during training do not know it).
 *  @throws PROMPT_WEIGHT_INVALID for a number such as 1.2.3. */
export function parsePromptWeights(prompt: string, options: { readonly knowsBreak: boolean }): WeightedText[] {
  const pieces: { text: string; weight: number }[] = [];
  const openRound: number[] = [];
  const openSquare: number[] = [];
  const multiplyFrom = (start: number, factor: number) => {
    for (const piece of pieces.slice(start)) piece.weight *= factor;
  };
  const source = options.knowsBreak ? prompt.replaceAll("BREAK", "\\BREAK\\") : prompt;
  for (const [token, number] of source.matchAll(grammar)) {
    if (token.startsWith("\\")) pieces.push({ text: token.slice(1), weight: 1 });
    else if (token === "(") openRound.push(pieces.length);
    else if (token === "[") openSquare.push(pieces.length);
    else if (number !== undefined && openRound.length > 0) multiplyFrom(openRound.pop()!, weightOf(number, prompt));
    else if (token === ")" && openRound.length > 0) multiplyFrom(openRound.pop()!, roundFactor);
    else if (token === "]" && openSquare.length > 0) multiplyFrom(openSquare.pop()!, squareFactor);
    else pieces.push({ text: token, weight: 1 });
  }
  for (const start of openRound) multiplyFrom(start, roundFactor);
  for (const start of openSquare) multiplyFrom(start, squareFactor);
  return joined(pieces, options.knowsBreak);
}

/** Whether a piece asks for a new chunk. */
export function isBreak({ text }: WeightedText): boolean {
  return trimWhiteSpace(text) === "BREAK";
}

function joined(pieces: readonly WeightedText[], knowsBreak: boolean): WeightedText[] {
  const result: WeightedText[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    const joins = last?.weight === piece.weight && !(knowsBreak && (isBreak(last) || isBreak(piece)));
    if (last && joins) result[result.length - 1] = { text: last.text + piece.text, weight: last.weight };
    else result.push(piece);
  }
  return result.length > 0 ? result : [{ text: "", weight: 1 }];
}

function weightOf(number: string, prompt: string): number {
  // Digits of an input method for Chinese or Japanese are full-width.
  const weight = Number(number.normalize("NFKC"));
  if (!Number.isNaN(weight)) return weight;
  throw new CoinageError("PROMPT_WEIGHT_INVALID", `":${number})" in a prompt is no weight.`, {
    where: prompt,
    hint: "Write the weight as a plain number, for example (cat:1.2), or put a backslash before the brackets.",
  });
}
