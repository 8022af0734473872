import type { BmpHeader } from "./header.ts";

/** Expands run-length coded rows to one palette index a byte. Pixels that the code leaves out are index 0. */
export function expandRuns(code: Uint8Array, { width, height, compression }: BmpHeader): Uint8Array {
  const indices = new Uint8Array(width * height);
  const isNibbles = compression === "rle4";
  const valueAt = (byte: number, k: number) => (isNibbles ? (k % 2 === 0 ? byte >> 4 : byte & 15) : byte);
  let [x, y, at] = [0, 0, 0];
  const put = (value: number) => {
    if (x < width && y < height) indices[y * width + x] = value;
    x++;
  };
  while (at + 1 < code.length) {
    const [count, value] = [code[at]!, code[at + 1]!];
    at += 2;
    if (count > 0) {
      for (let k = 0; k < count; k++) put(valueAt(value, k));
    } else if (value === 0) {
      [x, y] = [0, y + 1];
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      [x, y] = [x + (code[at] ?? 0), y + (code[at + 1] ?? 0)];
      at += 2;
    } else {
      const bytes = isNibbles ? Math.ceil(value / 2) : value;
      for (let k = 0; k < value; k++) put(valueAt(code[at + (isNibbles ? k >> 1 : k)] ?? 0, k));
      at += bytes + (bytes % 2);
    }
  }
  return indices;
}
