const whiteSpace = String.raw`\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const blank = new RegExp(`[${whiteSpace}]`);

/** Without the white space around it, as Python's `str.strip` sees white space. */
export function strip(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && blank.test(text[start]!)) start++;
  while (end > start && blank.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}
