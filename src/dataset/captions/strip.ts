const blank = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const outerBlanks = new RegExp(`^${blank}|${blank}$`, "g");

/** Without the white space around it, as Python's `str.strip` sees white space. */
export function strip(text: string): string {
  return text.replace(outerBlanks, "");
}
