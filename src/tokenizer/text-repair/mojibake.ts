import type { Budget } from "../../budget/index.ts";
import { looksLikeMojibake } from "./badness.ts";
import { fixC1Controls } from "./characters.ts";
import {
  characterOf,
  encode,
  latinLikeEncodings,
  type SingleByteEncoding,
  singleByteEncodings,
  toleratesLostBytes,
} from "./single-byte-encodings.ts";

/** Repairs text that is UTF-8 read in a single-byte encoding, such as "Ã©" for "é", repeatedly until nothing is left to repair.
 *  Follows ftfy 6.3 (`fix_encoding`), which the reference tokenizer runs. Below, bytes are strings of characters 0..255.
 *  budget: counts the characters processed. */
export function repairMojibake(text: string, budget: Budget): string {
  for (let current = text; ; ) {
    budget.spend(current.length);
    const repaired = repairOnce(current, budget);
    if (repaired === current) return current;
    current = repaired;
  }
}

function repairOnce(text: string, budget: Budget): string {
  if (!looksLikeMojibake(text)) return text;
  for (const encoding of singleByteEncodings) {
    const bytes = encode(text, encoding);
    const decoded = bytes === undefined ? undefined : decodeUtf8(restoreLostBytes(bytes, encoding));
    if (decoded !== undefined) return decoded;
  }
  const inParts = text.replace(utf8Sequences, (part) =>
    part.length < text.length && looksLikeMojibake(part) ? repairMojibake(part, budget) : part,
  );
  return inParts === text ? fixC1Controls(text) : inParts;
}

/** The characters that a range of bytes becomes in the Latin-like encodings. */
function readings(firstByte: number, lastByte = firstByte): string {
  const read = new Set<string>();
  for (const encoding of latinLikeEncodings)
    for (let byte = firstByte; byte <= lastByte; byte++) read.add(characterOf(byte, encoding));
  return [...read].join("");
}

/** Sequences inside other text that look like UTF-8, not directly after a character that would continue one. */
const utf8Sequences = (() => {
  const continuation = readings(0x80, 0xbf);
  const punctuation = /[–—―‘’‚“”„•…]/g;
  const next = `[ ${continuation}]`;
  const sequences = [
    `[${readings(0xc2, 0xdf)}]${next}`,
    `[${readings(0xe0, 0xef)}]${next}{2}`,
    `[${readings(0xf0)}${readings(0xf3)}]${next}{3}`,
  ];
  return new RegExp(`(?<![${continuation.replace(punctuation, "")}])(?:${sequences.join("|")})+`, "g");
})();

/** Undoes damage by other programs: a no-break space became a space, a byte without a character became U+FFFD or "?". */
function restoreLostBytes(bytes: string, encoding: SingleByteEncoding): string {
  let restored = bytes;
  // In Mac OS Roman a dash before a space would match.
  if (encoding !== "mac-roman")
    restored = restored
      .replace(wordAGrave, "\xc3\xa0 ")
      .replaceAll(spacedSequences, (part) => part.replaceAll(" ", "\xa0"));
  return toleratesLostBytes(encoding) ? restored.replace(lossySequences, replacementCharacter) : restored;
}

/** UTF-8 sequences in which a space stands for the byte 0xa0, if the result is a likely character. */
const spacedSequences = new RegExp(
  [
    "[\\xc2\\xc3\\xc5\\xce\\xd0\\xd9] ",
    "[\\xe2\\xe3] [\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf]",
    "[\\xe0-\\xe3][\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf] ",
    "\\xf0 [\\x80-\\xbf][\\x80-\\xbf]",
    "\\xf0[\\x80-\\xbf] [\\x80-\\xbf]",
    "\\xf0[\\x80-\\xbf][\\x80-\\xbf] ",
  ].join("|"),
  "g",
);

/** "à" before a space is a word, except where Portuguese words start with it. */
const wordAGrave = /\xc3 (?! |quele|quela|quilo|s )/g;

/** UTF-8 (also with encoded surrogates) that has lost a byte. */
const lossySequences = new RegExp(
  [
    "[\\xc2-\\xdf]\\x1a",
    "[\\xc2\\xc3]\\?",
    "\\xed[\\xa0-\\xaf][\\x1a?]\\xed[\\xb0-\\xbf][\\x1a?\\x80-\\xbf]",
    "\\xed[\\xa0-\\xaf][\\x1a?\\x80-\\xbf]\\xed[\\xb0-\\xbf][\\x1a?]",
    "[\\xe0-\\xef][\\x1a?][\\x1a\\x80-\\xbf]",
    "[\\xe0-\\xef][\\x1a\\x80-\\xbf][\\x1a?]",
    "[\\xf0-\\xf4][\\x1a?][\\x1a\\x80-\\xbf][\\x1a\\x80-\\xbf]",
    "[\\xf0-\\xf4][\\x1a\\x80-\\xbf][\\x1a?][\\x1a\\x80-\\xbf]",
    "[\\xf0-\\xf4][\\x1a\\x80-\\xbf][\\x1a\\x80-\\xbf][\\x1a?]",
    "\\x1a",
  ].join("|"),
  "g",
);
const replacementCharacter = "\xef\xbf\xbd";

/** The text of UTF-8 bytes; undefined if they are not UTF-8. Two relatives of UTF-8 are accepted:
 *  NUL as 0xc0 0x80 (Java; ftfy also takes a line feed at the very end for the 0x80), and characters beyond U+FFFF as two encoded surrogates (CESU-8). */
function decodeUtf8(bytes: string): string | undefined {
  const plain = bytes
    .replace(/\xc0(?:\x80|\n$)/g, "\0")
    .replace(/\xed([\xa0-\xaf][\x80-\xbf])\xed([\xb0-\xbf][\x80-\xbf])/g, (_, high: string, low: string) =>
      utf8OfSurrogates(high, low),
    );
  try {
    return strictUtf8.decode(Uint8Array.from(plain, (byte) => byte.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function utf8OfSurrogates(high: string, low: string): string {
  const bitsOf = (bytes: string) => ((bytes.charCodeAt(0) & 0x0f) << 6) | (bytes.charCodeAt(1) & 0x3f);
  const codePoint = 0x10000 + (bitsOf(high) << 10) + bitsOf(low);
  return String.fromCharCode(...new TextEncoder().encode(String.fromCodePoint(codePoint)));
}
