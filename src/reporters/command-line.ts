import { quotedWord } from "../files/index.ts";

/** How a command was called, to name further ones in the same way. */
export interface Caller {
  /** "npx coinage". */
  readonly program: string;
  /** The words behind it. */
  readonly words: readonly string[];
}

/** A command line as one types it into a shell of this platform: words quoted where needed. */
export function commandLine({ program }: Pick<Caller, "program">, words: readonly string[]): string {
  return [program, ...words.map((word) => quotedWord(shownWord(word)))].join(" ");
}

/** An address of the web without what may be secret in it: user, password, query. */
function shownWord(word: string): string {
  if (!/^https?:\/\/\S+$/.test(word) || !URL.canParse(word)) return word;
  const { origin, pathname } = new URL(word);
  return origin + pathname;
}
