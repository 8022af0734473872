/** How a command was called, to name further ones in the same way. */
export interface Caller {
  /** "npx coinage". */
  readonly program: string;
  /** The words behind it. */
  readonly words: readonly string[];
}

/** A command line as one types it into a shell: words quoted where needed. */
export function commandLine({ program }: Pick<Caller, "program">, words: readonly string[]): string {
  return [program, ...words.map(quoted)].join(" ");
}

function quoted(word: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word.replace(/["$`\\]/g, "\\$&")}"`;
}
