/** Characters that a terminal obeys instead of showing them, or that change the order in which others are shown. Line feed and tab are kept. */
const unprintable = /(?![\n\t])\p{Cc}|[\p{Bidi_Control}\u2028\u2029\ufeff\ufff9-\ufffb]/gu;

/** A text from a stranger's file as a terminal may show it: what would steer the terminal is written as in JSON (\u001b), so JSON stays JSON. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same on one line, and no longer than so many characters. */
export function printableLine(text: string, most = 300): string {
  const line = printable(text.slice(0, most)).replaceAll("\n", "\\n").replaceAll("\t", " ");
  return text.length > most ? `${line}... (${text.length} characters)` : line;
}
