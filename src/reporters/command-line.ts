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

/** A word as one types it into a shell. */
export function quotedWord(word: string, platform: NodeJS.Platform = process.platform): string {
  return platform === "win32" ? quotedForWindows(word) : quotedForPosix(word);
}

/** Single quotes take everything as it is, an exclamation mark in an interactive shell, too; double ones are easier on the eye. */
function quotedForPosix(word: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word)) return word;
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : `"${word}"`;
}

/** Backslashes count only before a double quote. */
function quotedForWindows(word: string): string {
  if (/^[\w@+:,./\\-][\w@+=:,./\\-]*$/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}
