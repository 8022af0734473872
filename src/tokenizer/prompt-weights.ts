import { requireWithin } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { PromptWords } from "./prompt-words.ts";
import { trimWhiteSpace } from "./tokenizer.ts";

/** A piece of a prompt and its weight. */
interface WeightedText {
  readonly text: string;
  readonly weight: number;
}

const roundFactor = 1.1;
const squareFactor = 1 / 1.1;

const grammar = /\\[()[\]\\]|\\|\(|\[|:([+-]?[.\p{Nd}]+)\)|\)|\]|[^\\()[\]:]+|:/gu;

interface WeightOptions {
  /** Whether BREAK is a piece of its own: in generation, not in sample images during training. */
  readonly knowsBreak: boolean;
  /** Learned words, whose names are never parsed as weights. */
  readonly words?: Pick<PromptWords, "parts">;
}

/** Parses a prompt's weights: `(x)` counts 1.1 times as much, `[x]` 1.1 times less, `(x:1.3)` 1.3 times; they nest, a backslash makes a bracket literal,
 *  an open bracket extends to the end. Neighbours of equal weight are one piece; an empty prompt is one empty piece.
 *  @throws PROMPT_WEIGHT_INVALID for a number such as 1.2.3, and for brackets nested too deeply */
export function parsePromptWeights(prompt: string, { knowsBreak, words }: WeightOptions): WeightedText[] {
  const pieces: { text: string; weight: number }[] = [];
  const openRound: number[] = [];
  const openSquare: number[] = [];
  const multiplyFrom = (start: number, factor: number) => {
    for (let i = start; i < pieces.length; i++) pieces[i]!.weight *= factor;
  };
  const open = (brackets: number[]) => {
    brackets.push(pieces.length);
    requireWithin("nesting", openRound.length + openSquare.length, tooDeep);
  };
  for (const { text, isName } of words?.parts(prompt) ?? [{ text: prompt, isName: false }]) {
    if (isName) {
      pieces.push({ text, weight: 1 });
      continue;
    }
    const source = knowsBreak ? text.replaceAll(breakWord, `\\${breakWord}\\`) : text;
    for (const [token, number] of source.matchAll(grammar)) {
      if (token.startsWith("\\")) pieces.push({ text: token.slice(1), weight: 1 });
      else if (token === "(") open(openRound);
      else if (token === "[") open(openSquare);
      else if (number !== undefined && openRound.length > 0) multiplyFrom(openRound.pop()!, weightOf(number, prompt));
      else if (token === ")" && openRound.length > 0) multiplyFrom(openRound.pop()!, roundFactor);
      else if (token === "]" && openSquare.length > 0) multiplyFrom(openSquare.pop()!, squareFactor);
      else pieces.push({ text: token, weight: 1 });
    }
  }
  for (const start of openRound) multiplyFrom(start, roundFactor);
  for (const start of openSquare) multiplyFrom(start, squareFactor);
  return joined(pieces, knowsBreak);
}

const tooDeep = {
  code: "PROMPT_WEIGHT_INVALID",
  subject: "A prompt with so many open brackets",
  hint: "Close brackets, or put a backslash before those that are not weights.",
} as const;

/** Whether a piece is BREAK, which starts a new chunk. */
export function isBreak({ text }: WeightedText): boolean {
  return trimWhiteSpace(text) === breakWord;
}

const breakWord = "BREAK";

function joined(pieces: readonly WeightedText[], knowsBreak: boolean): WeightedText[] {
  const result: { text: string; readonly weight: number }[] = [];
  // enough of the last piece's text to tell whether it is BREAK: checking all of it each time would take quadratic time
  let beginning = "";
  for (const piece of pieces) {
    const last = result.at(-1);
    const isApart = knowsBreak && (isBreak(piece) || trimWhiteSpace(beginning) === breakWord);
    if (last?.weight === piece.weight && !isApart) {
      last.text += piece.text;
      beginning = beginningOf(beginning + piece.text);
    } else {
      result.push({ ...piece });
      beginning = beginningOf(piece.text);
    }
  }
  return result.length > 0 ? result : [{ text: "", weight: 1 }];
}

/** Without white space at its ends but for one blank, which keeps words apart; of a text longer than BREAK only that it is. */
function beginningOf(text: string): string {
  const trimmed = trimWhiteSpace(text);
  if (trimmed.length > breakWord.length) return "longer";
  return trimmed === "" || text.endsWith(trimmed) ? trimmed : `${trimmed} `;
}

function weightOf(number: string, prompt: string): number {
  // Input methods for Chinese and Japanese give full-width digits.
  const weight = Number(number.normalize("NFKC"));
  if (!Number.isNaN(weight)) return weight;
  throw new CoinageError("PROMPT_WEIGHT_INVALID", `":${number})" in a prompt is not a weight.`, {
    where: prompt,
    hint: "Write the weight as a plain number, for example (cat:1.2), or put a backslash before the brackets.",
  });
}
