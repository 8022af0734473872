/** Steps of which the speed is taken: a few, so that it follows the present. */
const window = 20;

/** Speed of a run over its last steps. */
export class Pace {
  #marks: { readonly time: number; readonly samples: number }[] = [{ time: performance.now(), samples: 0 }];
  #samples = 0;

  /** Begins to count: what went before, loading and caching, is no step. */
  start(): void {
    this.#marks = [{ time: performance.now(), samples: this.#samples }];
  }

  /** Notes a step of so many samples; samples a second, and seconds a step. */
  note(samples: number): { readonly samplesPerSecond: number; readonly secondsPerStep: number } {
    this.#samples += samples;
    this.#marks.push({ time: performance.now(), samples: this.#samples });
    if (this.#marks.length > window + 1) this.#marks.shift();
    const first = this.#marks[0]!;
    const seconds = (this.#marks.at(-1)!.time - first.time) / 1000;
    return {
      samplesPerSecond: (this.#samples - first.samples) / seconds,
      secondsPerStep: seconds / (this.#marks.length - 1),
    };
  }
}
