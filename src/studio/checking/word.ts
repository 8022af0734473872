import { clipMerges } from "../../assets/index.ts";
import { CoinageError, machineProblem } from "../../errors/index.ts";
import { addPlaceholder, createTokenizer, freeWord, type Tokenizer } from "../../tokenizer/index.ts";
import { type Problem, problemOf } from "../http/problems.ts";

/** What is asked about a word. */
export interface AskedWord {
  readonly word: string;
  readonly initWord?: string | undefined;
  readonly vectors?: number | undefined;
}

/** What the tokenizer makes of the words, which every Stable Diffusion model shares. */
export interface WordFacts {
  /** Ids that the new word would get, one for each vector; empty where it cannot be added. */
  readonly ids: readonly number[];
  /** Ids of the word it starts from. */
  readonly initIds: readonly number[];
  /** A word like it that is free. */
  readonly freeWord: string;
  /** Why it cannot be added. */
  readonly problem?: Problem;
}

let tokenizer: Promise<Tokenizer> | undefined;

/** What can be said of a word without any model: it takes a moment only. */
export async function checkWord({ word, initWord, vectors = 1 }: AskedWord): Promise<WordFacts> {
  tokenizer ??= clipMerges().then((merges) => createTokenizer(merges, { padding: "eos" }));
  const plain = await tokenizer;
  const facts = {
    initIds: initWord ? plain.encode(initWord) : [],
    freeWord: freeWord(plain, word || "mycat", vectors),
  };
  try {
    return { ...facts, ids: addPlaceholder(plain, word, vectors, "--token_string").placeholder.ids };
  } catch (error) {
    return { ...facts, ids: [], problem: problemOf(knownError(error)) };
  }
}

/** @throws bugs as they are */
export function knownError(error: unknown): CoinageError {
  const known = error instanceof CoinageError ? error : machineProblem(error);
  if (!known) throw error;
  return known;
}
