import { PythonRandom } from "../../src/random/index.ts";

/** Choices determined by a text and a number, so that an input can be made again. */
export class Dice {
  readonly #random: PythonRandom;

  constructor(name: string, number: number) {
    this.#random = new PythonRandom(BigInt(`0x${Buffer.from(`${name} ${number}`).toString("hex")}`));
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.#random.random() * count);
  }

  /** A length to insert, repeat or remove: mostly small, occasionally large. */
  length(most: number): number {
    return Math.min(most, Math.floor(2 ** (this.#random.random() * Math.log2(most + 1))));
  }

  chance(probability: number): boolean {
    return this.#random.random() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}
