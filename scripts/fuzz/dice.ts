import { PythonRandom } from "../../src/random/index.ts";

/** Choices that follow from a text and a number alone: the same ones, the same input. */
export class Dice {
  readonly #random: PythonRandom;

  constructor(name: string, number: number) {
    this.#random = new PythonRandom(BigInt(`0x${Buffer.from(`${name} ${number}`).toString("hex")}`));
  }

  /** A whole number from 0 up to below `count`. */
  below(count: number): number {
    return Math.floor(this.#random.random() * count);
  }

  /** Mostly small, occasionally large: a length to insert, repeat or remove. */
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
