import type { MicroStepResult } from "../../training/index.ts";

// Whether more workers shorten a run: what is measured while it trains, and what is estimated before.

/** Decay of the moving averages: a single step says little. */
const decay = 0.95;

/** Measures the gradient noise scale of a run, in samples. Up to about so many samples in a step, more of them shorten the run nearly in proportion; far beyond, not at all.
 *  Source: McCandlish 2018, "An Empirical Model of Large-Batch Training", appendix A. */
export class NoiseScale {
  #signal = 0;
  #noise = 0;
  #steps = 0;

  /** Adds the micro-batches of a step. samples: in each; accumulationSteps: what their gradients were divided by. */
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
    this.#signal = decay * this.#signal + (1 - decay) * signal;
    this.#noise = decay * this.#noise + (1 - decay) * noise;
    this.#steps++;
  }

  /** In samples; undefined before 20 steps, and while the signal is not above the noise. */
  get value(): number | undefined {
    if (this.#steps < 20 || this.#signal <= 0) return undefined;
    return Math.max(0, this.#noise / this.#signal);
  }
}

/** The estimated time of a step on several workers. */
export interface SharedStep {
  readonly workers: number;
  readonly seconds: number;
  /** Compared with this machine alone. */
  readonly speedup: number;
}

/** Assumptions: a local network of 1 Gbit/s, with its round trip in seconds and its bytes per second; bytes of a micro-batch's job and result together; the
 *  coordinator's own work in a step, in seconds. */
const network = { roundTrip: 0.3e-3, bytesPerSecond: 110e6, bytes: 58e3, host: 3e-3 };

/** The time of a step with 1, 2, 4, ... workers as fast as this machine. secondsPerStep: on this machine alone; microBatches: of a step; most: the largest number
 *  of workers. */
export function sharedSteps(secondsPerStep: number, microBatches: number, most: number): SharedStep[] {
  const each = secondsPerStep / microBatches;
  const counts = [1];
  while (counts.at(-1)! * 2 < most) counts.push(counts.at(-1)! * 2);
  if (most > 1) counts.push(most);
  return counts.map((workers) => {
    const woken = Math.min(workers, microBatches) * 2 * network.roundTrip;
    const moved = (microBatches * network.bytes) / network.bytesPerSecond;
    const seconds = Math.ceil(microBatches / workers) * each + network.host + moved + woken;
    return { workers, seconds, speedup: secondsPerStep / seconds };
  });
}
