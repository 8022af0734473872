import { clipMerges } from "../../assets/index.ts";
import { CoinageError, machineProblem } from "../../errors/index.ts";
import { addPlaceholder, createTokenizer, freeWord, type Tokenizer } from "../../tokenizer/index.ts";
import { type Problem, problemOf } from "../http/problems.ts";

/** A word to check. */
export interface AskedWord {
  readonly word: string;
  readonly initWord?: string | undefined;
  readonly vectors?: number | undefined;
}

/** Token ids of the words, by the tokenizer that all Stable Diffusion models share. */
export interface WordFacts {
  /** Ids that the new word would get, one for each vector; empty if it cannot be added. */
  readonly ids: readonly number[];
  /** Ids of the word it starts from. */
  readonly initIds: readonly number[];
  /** A similar word that is free. */
  readonly freeWord: string;
  /** Why the word cannot be added. */
  readonly problem?: Problem;
}

let tokenizer: Promise<Tokenizer> | undefined;

/** Checks a word quickly, without any model. */
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

/** Rethrows an unexpected error. */
export function knownError(error: unknown): CoinageError {
  const known = error instanceof CoinageError ? error : machineProblem(error);
  if (!known) throw error;
  return known;
}
