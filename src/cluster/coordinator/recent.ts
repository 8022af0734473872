/** The last values of a series. */
export class Recent {
  readonly #most: number;
  readonly #values: number[] = [];

  /** most: how many values are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > this.#most) this.#values.shift();
  }

  get count(): number {
    return this.#values.length;
  }

  /** 0 without values; of an even number of values the larger of the two in the middle. */
  get median(): number {
    return this.#values.toSorted((a, b) => a - b)[this.#values.length >> 1] ?? 0;
  }

  /** Infinity without values. */
  get least(): number {
    return Math.min(...this.#values);
  }
}
