import { characterOf } from "./single-byte-encodings.ts";

/** C1 control characters as the Windows-1252 characters of the same byte, as browsers read them; the five without one are kept. */
export function fixC1Controls(text: string): string {
  return text.replace(/[\x80-\x9f]/g, (control) => characterOf(control.charCodeAt(0), "windows-1252"));
}

const ligatures = new Map(
  Object.entries({
    Ĳ: "IJ",
    ĳ: "ij",
    ŉ: "\u02bcn",
    Ǳ: "DZ",
    ǲ: "Dz",
    ǳ: "dz",
    Ǆ: "DŽ",
    ǅ: "Dž",
    ǆ: "dž",
    Ǉ: "LJ",
    ǈ: "Lj",
    ǉ: "lj",
    Ǌ: "NJ",
    ǋ: "Nj",
    ǌ: "nj",
    ﬀ: "ff",
    ﬁ: "fi",
    ﬂ: "fl",
    ﬃ: "ffi",
    ﬄ: "ffl",
    ﬅ: "ſt",
    ﬆ: "st",
  }),
);

/** Latin ligatures and digraphs as separate letters. */
export function expandLigatures(text: string): string {
  return text.replace(/[Ĳĳŉ\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06]/g, (ligature) => ligatures.get(ligature)!);
}

/** Full-width and half-width forms as ordinary characters. */
export function fixCharacterWidth(text: string): string {
  return text.replace(/[\u3000\uff01-\uffef]/g, (form) => form.normalize("NFKC"));
}

export function straightenQuotes(text: string): string {
  return text.replace(/[\u02bc\u2018-\u201b]/g, "'").replace(/[\u201c-\u201f]/g, '"');
}

export function unifyLineBreaks(text: string): string {
  return text.replace(/\r\n|[\r\u2028\u2029\x85]/g, "\n");
}

/** Lone surrogates as U+FFFD. */
export function replaceLoneSurrogates(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

/** Removes the escape sequences that colour text on a terminal. */
export function removeTerminalEscapes(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
  return text.replace(/\x1b\[[\p{Nd};]*[a-zA-Z]/gu, "");
}

/** Removes control characters without a visible effect. Tab, line feed and form feed are kept. */
export function removeControlCharacters(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern is for them
  return text.replace(/[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g, "");
}
