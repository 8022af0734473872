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
