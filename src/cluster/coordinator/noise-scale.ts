import type { MicroStepResult } from "../../training/index.ts";

/** Share of what was known in the next estimate: one step says little. */
const memory = 0.95;

/** Measures the gradient noise scale of a run: up to about so many samples in a step, more of them shorten the run nearly in proportion; far beyond, not at all.
 *  Source: McCandlish 2018, "An Empirical Model of Large-Batch Training", appendix A. */
export class NoiseScale {
  #signal = 0;
  #noise = 0;
  #steps = 0;

  /** Takes in the micro-batches of a step. samples: in each; accumulationSteps: what their gradients were divided by. */
  note(results: readonly MicroStepResult[], samples: number, accumulationSteps: number): void {
    const count = results.length;
    if (count < 2) return;
    const sums: Map<number, Float64Array>[] = results[0]!.gradients.map(() => new Map());
    let squares = 0;
    for (const { gradients } of results)
      for (const [encoder, gradient] of gradients.entries())
        for (const [id, row] of gradient) {
          const sum = sums[encoder]!.get(id) ?? new Float64Array(row.length);
          sums[encoder]!.set(id, sum);
          for (let i = 0; i < row.length; i++) {
            sum[i]! += row[i]!;
            squares += row[i]! * row[i]!;
          }
        }
    const factor = accumulationSteps ** 2;
    const ofOne = (factor * squares) / count;
    let ofMean = 0;
    for (const ofEncoder of sums)
      for (const sum of ofEncoder.values()) for (const value of sum) ofMean += (value / count) ** 2;
    ofMean *= factor;
    const signal = (count * ofMean - ofOne) / (count - 1);
    const noise = (ofOne - ofMean) / (1 / samples - 1 / (count * samples));
    if (!Number.isFinite(signal) || !Number.isFinite(noise)) return;
    this.#signal = memory * this.#signal + (1 - memory) * signal;
    this.#noise = memory * this.#noise + (1 - memory) * noise;
    this.#steps++;
  }

  /** In samples; undefined as long as it drowns in chance. */
  get value(): number | undefined {
    if (this.#steps < 20 || this.#signal <= 0) return undefined;
    return Math.max(0, this.#noise / this.#signal);
  }
}
