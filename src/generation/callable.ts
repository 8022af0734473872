import { tokensOfWord } from "../tokenizer/index.ts";

/** Why no prompt can hold a name as a word, as the end of a sentence; undefined where prompts can. */
export function whyNotWritable(name: string): string | undefined {
  if (name.trim() === "BREAK") return "BREAK in a prompt begins a new piece of 75 tokens";
  if (name.includes(" --")) return '" --" in a prompt begins an option';
  return /[\n\r\u0085\u2028\u2029]/.test(name) ? "a prompt ends with its line" : undefined;
}

/** What prompts can call a file's word by: its name, or a made-up one where that is taken already or no prompt can hold it.
 *  isTaken: whether a token has another meaning. */
export function callableName(name: string, vectors: number, isTaken: (token: string) => boolean): string {
  const isFree = (word: string) => !tokensOfWord(word, vectors).some(isTaken);
  if (name !== "" && name === name.trim() && whyNotWritable(name) === undefined && isFree(name)) return name;
  const base = name.replace(/[^\p{L}\p{N}_-]+/gu, "") || "word";
  let number = 1;
  while (!isFree(`${base}x${number}`)) number++;
  return `${base}x${number}`;
}
