import path from "node:path";
import { nameForAll, namingProblems } from "../embedding/index.ts";
import type { TrainSettings } from "../options/index.ts";
import { tokensOfWord } from "../tokenizer/index.ts";
import type { Sign } from "./signs.ts";
import { isOfVocabulary, type TaughtWord } from "./word.ts";

/** A warning before training where the file's name, which all programs take for the word, will not work as one in some of them. */
export function namingWarnings(
  { outputName, tokenString }: Pick<TrainSettings, "outputName" | "tokenString">,
  { tokenizers, tokens }: Pick<TaughtWord, "tokenizers" | "tokens">,
): Sign[] {
  const name = path.basename(outputName);
  const vectors = tokens.length;
  const naming = {
    vectors,
    isTaken: (word: string) => tokensOfWord(word, vectors).some((token) => isOfVocabulary(token, { tokenizers })),
  };
  const problems = namingProblems(name, naming);
  if (problems.length === 0) return [];
  const captions = outputName === tokenString ? " and leaves the captions as they are" : "";
  const message = `The file's name is its word, and "${name}" will not work as one everywhere: ${problems.join("; ")}. --output_name ${nameForAll(name, naming)} works in all programs${captions}.`;
  return [{ code: "OUTPUT_NAME", message }];
}
