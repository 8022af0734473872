import type { NdArray } from "../../array/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { InitWordEvent } from "../events.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import { comparedWith } from "./halving.ts";
import { embeddingsOfWord } from "./words.ts";

/** Neutral words: true of any image of an object, or in a style. */
const anyWord = { object: "object", style: "picture" } as const;

/** Compares the given init word with a neutral one; undefined without an init word to compare.
 *  measure: losses of embeddings on the same items. */
export async function compareInitWord(
  { checkpoint, placeholder }: Pick<TrainingInputs, "checkpoint" | "placeholder">,
  { initWord, weights, useStyleTemplate }: Pick<TrainSettings, "initWord" | "weights" | "useStyleTemplate">,
  measure: (embeddings: readonly NdArray<Float32Array>[]) => Promise<readonly number[]>,
): Promise<InitWordEvent | undefined> {
  const plain = useStyleTemplate ? anyWord.style : anyWord.object;
  if (initWord === undefined || weights !== undefined || initWord.toLowerCase() === plain) return undefined;
  const tried = async (word: string) => ({
    word,
    itemLosses: await measure(embeddingsOfWord(word, checkpoint, placeholder)),
  });
  const given = await tried(initWord);
  const candidates = [given, await tried(plain)].map((word) => comparedWith(given, word));
  const { difference, error } = candidates[1]!;
  const figures = `by ${Math.abs(difference).toPrecision(2)} ± ${error.toPrecision(2)}`;
  const message =
    difference > 0
      ? `"${initWord}" explains the images better than "${plain}" ${figures}`
      : `"${initWord}" does not explain the images better than "${plain}": its loss is higher ${figures}`;
  return { kind: "initWord", word: initWord, isProposed: false, candidates, message };
}
