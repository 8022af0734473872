import { CoinageError } from "../../errors/index.ts";
import type { BmpHeader } from "./header.ts";

/** Expands run-length coded rows to one palette index a byte. Pixels that the code leaves out are index 0.
 *  @throws BMP_INVALID when the code ends before the last row, found out before anything as large as the picture is made */
export function expandRuns(code: Uint8Array, { width, height, compression }: BmpHeader): Uint8Array {
  const isNibbles = compression === "rle4";
  const rows = followRuns(code, isNibbles, () => {});
  if (rows < height) throw new CoinageError("BMP_INVALID", "The bitmap ends before its last row.");
  const indices = new Uint8Array(width * height);
  followRuns(code, isNibbles, (x, y, value) => {
    if (x < width && y < height) indices[y * width + x] = value;
  });
  return indices;
}

/** Goes through the code, pixel by pixel, and gives the number of rows that it begins. */
function followRuns(code: Uint8Array, isNibbles: boolean, put: (x: number, y: number, value: number) => void): number {
  const valueAt = (byte: number, k: number) => (isNibbles ? (k % 2 === 0 ? byte >> 4 : byte & 15) : byte);
  let [x, y, at] = [0, 0, 0];
  while (at + 1 < code.length) {
    const [count, value] = [code[at]!, code[at + 1]!];
    at += 2;
    if (count > 0) {
      for (let k = 0; k < count; k++) put(x++, y, valueAt(value, k));
    } else if (value === 0) {
      [x, y] = [0, y + 1];
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      [x, y] = [x + (code[at] ?? 0), y + (code[at + 1] ?? 0)];
      at += 2;
    } else {
      const bytes = isNibbles ? Math.ceil(value / 2) : value;
      for (let k = 0; k < value; k++) put(x++, y, valueAt(code[at + (isNibbles ? k >> 1 : k)] ?? 0, k));
      at += bytes + (bytes % 2);
    }
  }
  return y + 1;
}
