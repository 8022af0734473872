import { MersenneTwister, type TwisterState } from "./mersenne-twister.ts";

/** The complete state of a Python generator; plain data that survives JSON. */
export type PythonRandomState = TwisterState;

/** Python 3's `random.Random`: equal seeds give equal numbers, choices and shuffles. */
export class PythonRandom {
  #engine: MersenneTwister;

  /** seed: an integer, whose sign is ignored, as in Python. Without one the numbers differ every time. */
  constructor(seed?: number | bigint) {
    this.#engine = MersenneTwister.fromKey(keyOf(seed));
  }

  static fromState(state: PythonRandomState): PythonRandom {
    const generator = new PythonRandom(0);
    generator.restore(state);
    return generator;
  }

  /** Continues from a state. */
  restore(state: PythonRandomState): void {
    this.#engine = MersenneTwister.fromState(state);
  }

  state(): PythonRandomState {
    return this.#engine.state();
  }

  /** A number in [0, 1), with 53 random bits. */
  random(): number {
    const high = this.#engine.u32() >>> 5;
    return (high * 2 ** 26 + (this.#engine.u32() >>> 6)) / 2 ** 53;
  }

  /** k random bits. */
  getrandbits(k: number): bigint {
    let bits = 0n;
    for (let taken = 0; taken < k; taken += 32) {
      const word = this.#engine.u32() >>> Math.max(0, 32 - (k - taken));
      bits |= BigInt(word) << BigInt(taken);
    }
    return bits;
  }

  /** An integer in a..b, both included. */
  randint(a: number, b: number): number {
    return a + this.#below(b - a + 1);
  }

  /** A number in [a, b]. */
  uniform(a: number, b: number): number {
    return a + (b - a) * this.random();
  }

  choice<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError("choice from an empty sequence");
    return items[this.#below(items.length)]!;
  }

  /** k items drawn with replacement, with probabilities proportional to weights. */
  choices<Item>(items: readonly Item[], weights: readonly number[], k: number): Item[] {
    const cumulative: number[] = [];
    for (const weight of weights) cumulative.push((cumulative.at(-1) ?? 0) + weight);
    const total = cumulative.at(-1)!;
    return Array.from({ length: k }, () => {
      const point = this.random() * total;
      const index = cumulative.findIndex((sum) => point < sum);
      return items[index < 0 ? items.length - 1 : index]!;
    });
  }

  /** Shuffles the array in place. */
  shuffle(items: unknown[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.#below(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
  }

  /** k different items in random order. */
  sample<Item>(items: readonly Item[], k: number): Item[] {
    const n = items.length;
    if (k > n) throw new RangeError(`a sample of ${k} from ${n} items`);
    return n <= poolLimit(k) ? this.#sampleFromPool(items, k) : this.#sampleByRejection(items, k);
  }

  #sampleFromPool<Item>(items: readonly Item[], k: number): Item[] {
    const pool = [...items];
    return Array.from({ length: k }, (_, i) => {
      const j = this.#below(pool.length - i);
      const item = pool[j]!;
      pool[j] = pool[pool.length - i - 1]!;
      return item;
    });
  }

  #sampleByRejection<Item>(items: readonly Item[], k: number): Item[] {
    const selected = new Set<number>();
    while (selected.size < k) selected.add(this.#below(items.length));
    return Array.from(selected, (index) => items[index]!);
  }

  /** An integer in 0..n-1. */
  #below(n: number): number {
    const bitLength = n.toString(2).length;
    for (;;) {
      const value = Number(this.getrandbits(bitLength));
      if (value < n) return value;
    }
  }
}

/** The size up to which Python copies the population instead of remembering the items drawn: below it, a copy is smaller than a set of k. */
function poolLimit(k: number): number {
  return 21 + (k > 5 ? 4 ** Math.ceil(Math.log(k * 3) / Math.log(4)) : 0);
}

function keyOf(seed: number | bigint | undefined): Uint32Array {
  if (seed === undefined) return crypto.getRandomValues(new Uint32Array(624));
  let rest = BigInt(seed);
  if (rest < 0n) rest = -rest;
  const key: number[] = [];
  for (; rest > 0n || key.length === 0; rest >>= 32n) key.push(Number(BigInt.asUintN(32, rest)));
  return Uint32Array.from(key);
}
