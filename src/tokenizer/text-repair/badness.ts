/** Kinds of characters in the heuristic of ftfy 6.3 (`ftfy/badness.py`, Robyn Speer, Apache-2.0), ready for a character class.
 *  All are characters that UTF-8 read in a single-byte encoding turns into. */
const kinds = {
  common: "\u00a0\u00ad·´–—―…’",
  c1: "\u0080-\u009f",
  /** Hardly ever occur except in mojibake. */
  bad: "¦¤¨¬¯¸ƒˆˇ˘˛˜†‡‰⌐◊\ufffdªº",
  law: "¶§",
  currency: "¢£¥₧€",
  open: "¡«¿©\u0384\u0385‘‚“„•‹\uf8ff",
  close: "®»˝”›™",
  numeric: "²³¹±¼½¾×µ÷⁄∂∆∏∑√∞∩∫≈≠≡≤≥№",
  /** Letters of emoticons, which are meant to have unusual neighbours. */
  kaomoji: "Ò-ÖÙ-Üò-öø-üŐŌŪŲ°",
  upperAccented: "À-ÑØÜÝĂĀĄĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ",
  lowerAccented: "ßà-ñăāąćčďđęěēėğģįīķĺľłļœŕśşšťüźżžґﬁﬂ",
  upperCommon: "ÞΑ-ΩΆΈΉΊΌΎΏΪΫЁ-Я",
  lowerCommon: "α-ωάέήίΰа-џ",
  box: "│┌┐┘├┤┬┼═-╬▀▄█▌▐░▒▓",
};

type Kind = keyof typeof kinds;

/** A character class of the given kinds and of more characters. */
function any(list: readonly Kind[], more = ""): string {
  return `[${list.map((kind) => kinds[kind]).join("")}${more}]`;
}

const accented = ["lowerAccented", "upperAccented"] as const;
const signs = ["box", "open", "close", "currency", "numeric", "law"] as const;
const arabicEnd = any(["common", "currency", "bad", "numeric", "open"], "ŸŠ®°µ»");
const cyrillicMiddle = any(["c1", "bad", "open", "close", "currency"], "°µ");
const greekMiddle = any(["c1", "bad", "open", "close", "currency"], "°");

/** Sequences that are far more likely mojibake than intended. */
const improbable = [
  any(["c1"]),
  any(["bad", ...accented, ...signs]) + any(["bad"]),
  `[a-zA-Z]${any(["lowerCommon", "upperCommon"])}${any(["bad"])}`,
  any(["bad"]) + any([...accented, ...signs]),
  any(["lowerAccented", "lowerCommon", "box", "close", "currency", "numeric"]) + any(["upperAccented"]),
  any(["box", "close", "currency", "numeric"]) + any(["lowerAccented"]),
  any(["lowerAccented", "box", "close"]) + any(["currency"]),
  String.raw`[\s\x1c-\x1f\x85]${any(["upperAccented"])}${any(["currency"])}`,
  any(["upperAccented", "box"]) + any(["numeric", "law"]),
  any([...accented, "box", "currency", "close"]) + any(["open"]) + any(["numeric"]),
  any([...accented, "currency", "numeric", "box", "law"]) + any(["close"]) + any(["open"]),
  any(["currency", "numeric", "box"]) + any(["open"]),
  `[a-z]${any(["upperAccented"])}${any(["open", "currency"])}`,
  any(["box"]) + any(["kaomoji"]),
  any([...accented, "currency", "numeric", "open", "close", "law"]) + any(["box"]),
  any(["box"]) + any(["close"]),
  String.raw`${any(accented)}${any(["open", "close"])}[\p{L}\p{N}_]`,
  "[Œœ][^A-Za-z]",
  `${any(["upperAccented"])}°`,
  // Windows-1252: two characters, Arabic (which needs the common characters, hence four), South Asian alphabets.
  `[ÂÃÎÐ]${any(["open", "close"], "€œŠš¢£Ÿž\u00a0\u00ad®©°·»–—´")}`,
  "×[²³]",
  `[ØÙ]${arabicEnd}[ØÙ]${arabicEnd}`,
  "à[²µ¹¼½¾]",
  // Mac OS Roman.
  "√[±∂†≠®™´≤≥¥µø]",
  "≈[°¢]",
  "‚Ä[ìîïòôúùû†°¢π]",
  "‚[âó][àä°ê]",
  // Windows-1251: the range U+2000; Latin-1 and Cyrillic letters; combined with Windows-1252, near a Latin letter.
  "вЂ",
  `[ВГРС]${cyrillicMiddle}[ВГРС]`,
  "ГўВЂВ[^\\n][A-Za-z ]",
  // The letters à and á, the no-break space, and its remains after it became a space.
  "Ã[\u00a0¡]",
  String.raw`[a-z][\s\x1c-\x1f\x85]?[ÃÂ] `,
  "^[ÃÂ] ",
  `[a-z.,?!${kinds.close}]Â${any(["open", "close"], " ")}`,
  // Windows-1253 and 1257.
  "β€[™\u00a0Ά\u00ad®°]",
  `[ΒΓΞΟ]${greekMiddle}[ΒΓΞΟ]`,
  "ā€",
];

const signOfMojibake = new RegExp(improbable.join("|"), "u");

/** Whether a text contains a sequence of characters that is probably UTF-8 read in another encoding. */
export function looksLikeMojibake(text: string): boolean {
  return signOfMojibake.test(text);
}
