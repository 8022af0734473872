/** Texts that contain the new word. Nothing here needs Node: the page changes captions by the same rules. */

/** A caption with the word in place of another spelling of it or of the init word, else before the caption. */
export function withWord(caption: string, word: string, initWord?: string): string {
  if (word === "" || hasWord(caption, word)) return caption;
  const inside = new RegExp(`[\\p{L}\\p{N}]*${escaped(word)}[\\p{L}\\p{N}]*`, "giu");
  if (caption.search(inside) >= 0) return caption.replace(inside, () => word);
  const start = initWord?.trim() ? wholeWord(initWord.trim(), "iu") : undefined;
  if (start?.test(caption)) return caption.replace(start, () => word);
  return caption.trim() === "" ? `a photo of ${word}` : `${word}, ${caption}`;
}

/** Whether a caption contains the word, not only as part of another one. */
export function hasWord(caption: string, word: string): boolean {
  return word !== "" && wholeWord(word, "u").test(caption);
}

/** A text in which a word is renamed, wherever it is not part of another one. */
export function renamedWord(text: string, from: string, to: string): string {
  return from === "" || to === "" ? text : text.replace(wholeWord(from, "gu"), () => to);
}

function wholeWord(word: string, flags: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}\\p{M}])${escaped(word)}(?![\\p{L}\\p{N}\\p{M}])`, flags);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
