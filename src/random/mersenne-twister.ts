const blockLength = 624;
const middle = 397;

/** A generator's state: the words of its current block and how many of them are used (624: the next draw generates a new block). */
export interface TwisterState {
  readonly words: readonly number[];
  readonly position: number;
}

/** The engine mt19937 of torch's CPU generator and Python's `random`; they differ in seeding and in what they make of the words.
 *  Source: Matsumoto and Nishimura 1998. */
export class MersenneTwister {
  readonly #words: Uint32Array;
  #position: number;

  private constructor(words: Uint32Array, position: number) {
    this.#words = words;
    this.#position = position;
  }

  /** Seeded by one 32-bit word (`init_genrand`), as torch does. */
  static fromWord(seed: number): MersenneTwister {
    return new MersenneTwister(wordsOf(seed), blockLength);
  }

  /** Seeded by one or more 32-bit words (`init_by_array`), as Python does. */
  static fromKey(key: ArrayLike<number>): MersenneTwister {
    const words = wordsOf(19650218);
    let i = 1;
    let previous = words[0]!;
    const advance = (word: number) => {
      words[i] = word;
      previous = words[i]!;
      i++;
      if (i === blockLength) {
        words[0] = previous;
        i = 1;
      }
    };
    for (let round = 0, j = 0; round < Math.max(blockLength, key.length); round++) {
      advance((words[i]! ^ Math.imul(previous ^ (previous >>> 30), 1664525)) + key[j]! + j);
      j = (j + 1) % key.length;
    }
    for (let round = 1; round < blockLength; round++)
      advance((words[i]! ^ Math.imul(previous ^ (previous >>> 30), 1566083941)) - i);
    words[0] = 0x80000000;
    return new MersenneTwister(words, blockLength);
  }

  static fromState(state: TwisterState): MersenneTwister {
    return new MersenneTwister(Uint32Array.from(state.words), state.position);
  }

  state(): TwisterState {
    return { words: Array.from(this.#words), position: this.#position };
  }

  /** The next 32 random bits, in 0..2^32-1. */
  u32(): number {
    if (this.#position === blockLength) this.#twist();
    let word = this.#words[this.#position++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** Skips `outputs` draws of `u32`, a block at a time: ten million take some tens of milliseconds. */
  skip(outputs: number): void {
    let rest = outputs;
    while (rest > blockLength - this.#position) {
      rest -= blockLength - this.#position;
      this.#twist();
    }
    this.#position += rest;
  }

  #twist(): void {
    const words = this.#words;
    let k = 0;
    for (; k < blockLength - middle; k++) words[k] = words[k + middle]! ^ mixed(words[k]!, words[k + 1]!);
    for (; k < blockLength - 1; k++) words[k] = words[k + middle - blockLength]! ^ mixed(words[k]!, words[k + 1]!);
    words[k] = words[middle - 1]! ^ mixed(words[k]!, words[0]!);
    this.#position = 0;
  }
}

function mixed(high: number, low: number): number {
  const bits = (high & 0x80000000) | (low & 0x7fffffff);
  return (bits >>> 1) ^ (-(low & 1) & 0x9908b0df);
}

function wordsOf(seed: number): Uint32Array {
  const words = new Uint32Array(blockLength);
  words[0] = seed;
  for (let i = 1; i < blockLength; i++) {
    const previous = words[i - 1]!;
    words[i] = Math.imul(previous ^ (previous >>> 30), 1812433253) + i;
  }
  return words;
}
