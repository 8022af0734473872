/** The printable character that stands for each byte in the vocabulary: itself where it is printable, else the next free one from U+0100 on. */
export const byteSymbols: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();

/** The same symbols in the order of their ids: first the bytes that stand for themselves, then the others. */
export const symbolsInIdOrder: readonly string[] = [
  ...byteSymbols.filter((_, byte) => isPrintable(byte)),
  ...byteSymbols.filter((_, byte) => !isPrintable(byte)),
];

/** The UTF-8 bytes of a text as symbols, one per byte. */
export function symbolsOf(text: string): string[] {
  return Array.from(utf8.encode(text), (byte) => byteSymbols[byte]!);
}

const utf8 = new TextEncoder();

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}
