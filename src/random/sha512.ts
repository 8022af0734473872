import { dataViewOn } from "../array/index.ts";

/** The SHA-512 digest of bytes, 64 bytes. Python seeds its generator with it when the seed is a text; the platform's own digest is asynchronous.
 *  Source: FIPS 180-4. */
export function sha512(message: Uint8Array): Uint8Array {
  const state = primes(8).map((prime) => rootFraction(prime, 2));
  const padded = padding(message);
  for (let offset = 0; offset < padded.length; offset += 128)
    absorb(state, dataViewOn(padded.subarray(offset, offset + 128)));
  const digest = new Uint8Array(64);
  const view = dataViewOn(digest);
  for (const [i, word] of state.entries()) view.setBigUint64(8 * i, word);
  return digest;
}

function absorb(state: bigint[], block: DataView): void {
  const words = Array.from({ length: 16 }, (_, t) => block.getBigUint64(8 * t));
  for (let t = 16; t < 80; t++) {
    const [early, late] = [words[t - 15]!, words[t - 2]!];
    const sigma0 = rotate(early, 1n) ^ rotate(early, 8n) ^ (early >> 7n);
    const sigma1 = rotate(late, 19n) ^ rotate(late, 61n) ^ (late >> 6n);
    words.push(wrap(sigma1 + words[t - 7]! + sigma0 + words[t - 16]!));
  }
  let [a, b, c, d, e, f, g, h] = state as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  for (let t = 0; t < 80; t++) {
    const mix = (rotate(e, 14n) ^ rotate(e, 18n) ^ rotate(e, 41n)) + ((e & f) ^ (~e & g));
    const first = h + mix + roundConstants[t]! + words[t]!;
    const second = (rotate(a, 28n) ^ rotate(a, 34n) ^ rotate(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
    [a, b, c, d, e, f, g, h] = [wrap(first + second), a, b, c, wrap(d + first), e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] = wrap(state[i]! + word);
  });
}

function padding(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((message.length + 17) / 128) * 128);
  padded.set(message);
  padded[message.length] = 0x80;
  dataViewOn(padded).setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  return padded;
}

function wrap(word: bigint): bigint {
  return BigInt.asUintN(64, word);
}

function rotate(word: bigint, count: bigint): bigint {
  return (word >> count) | wrap(word << (64n - count));
}

function primes(count: number): bigint[] {
  const found: bigint[] = [];
  for (let n = 2n; found.length < count; n++) if (found.every((prime) => n % prime !== 0n)) found.push(n);
  return found;
}

/** The first 64 bits behind the point of a square (degree 2) or cube (degree 3) root: where the standard's constants come from. */
function rootFraction(n: bigint, degree: 2 | 3): bigint {
  const target = n << BigInt(64 * degree);
  let root = 0n;
  for (let bit = 1n << 70n; bit > 0n; bit >>= 1n) if ((root | bit) ** BigInt(degree) <= target) root |= bit;
  return wrap(root);
}

const roundConstants = primes(80).map((prime) => rootFraction(prime, 3));
