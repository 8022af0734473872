import { bytesOf, dataViewOn } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";

/** The latents of a run are packed into one blob if they have no more bytes than this in all. */
export const mostPackedBytes = 32 << 20;

/** Packs pieces into one blob: their number and the length of each, as little-endian 32-bit integers, then their bytes. */
export function packed(pieces: readonly Uint8Array[]): Uint8Array {
  const head = bytesOf(Uint32Array.from([pieces.length, ...pieces.map(({ length }) => length)]));
  return new Uint8Array(Buffer.concat([head, ...pieces]));
}

/** The pieces of a packed blob, as views of it. @throws CLUSTER_PROTOCOL for other bytes */
export function unpacked(blob: Uint8Array): Uint8Array[] {
  const view = dataViewOn(blob);
  const words = Math.floor(blob.length / 4);
  const count = words > 0 ? view.getUint32(0, true) : 0;
  const pieces: Uint8Array[] = [];
  let start = 4 * (1 + count);
  for (let i = 1; i <= count && i < words; i++) {
    const length = view.getUint32(4 * i, true);
    pieces.push(blob.subarray(start, start + length));
    start += length;
  }
  if (pieces.length === count && start === blob.length) return pieces;
  throw new CoinageError("CLUSTER_PROTOCOL", `${blob.length} bytes are not the latents of a run.`);
}
