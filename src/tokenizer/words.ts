import { repairText } from "./text-repair/repair-text.ts";

/** White space as Python and Unicode know it. JavaScript's `\s` lacks U+0085 and has U+FEFF, which is none. */
const whiteSpace = String.raw`\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const whiteSpaceRun = new RegExp(`[${whiteSpace}]+`, "gu");

/** CLIP's pattern. The reference matches it without regard to case, which in lower-cased text leaves two traces: the long s (ſ) counts as an s,
 *  and U+0345, a mark whose capital is the letter iota, fits nowhere and is dropped. */
const wordPattern = new RegExp(
  [
    String.raw`<\|[sſ]tartoftext\|>|<\|endoftext\|>`,
    "'(?:[sſ]|t|re|ve|m|ll|d)",
    String.raw`\p{L}+`,
    String.raw`\p{N}`,
    String.raw`[^${whiteSpace}\p{L}\p{N}\u0345]+`,
  ].join("|"),
  "gu",
);

/** The text as the vocabulary knows text: repaired, in lower case, with single spaces. */
export function cleanText(text: string): string {
  return repairText(text).replace(whiteSpaceRun, " ").replace(/^ | $/g, "").toLowerCase();
}

/** The words of cleaned text: contractions, runs of letters, single digits, runs of other signs. */
export function splitWords(cleaned: string): readonly string[] {
  return cleaned.match(wordPattern) ?? [];
}

const notWhiteSpace = new RegExp(`[^${whiteSpace}\\x1c-\\x1f]`, "u");
const isWhiteSpace = (character: string) => !notWhiteSpace.test(character);

/** The text without white space at its ends. */
export function trimWhiteSpace(text: string): string {
  const start = text.search(notWhiteSpace);
  if (start < 0) return "";
  let end = text.length;
  while (isWhiteSpace(text[end - 1]!)) end--;
  return text.slice(start, end);
}
