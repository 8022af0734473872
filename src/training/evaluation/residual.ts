import { mean } from "../../array/index.ts";
import { numTrainTimesteps } from "../../diffusion/index.ts";

const bins = 20;

/** What a state keeps of residuals: sums and counts of the losses that the baseline is made of, by bin. */
export interface ResidualState {
  readonly sums: readonly number[];
  readonly counts: readonly number[];
}

/** The training loss less what is usual at its timesteps: 20 bins of timesteps, each with its mean loss over the first tenth of a run.
 *  Takes most of the noise out of the training loss and costs nothing. */
export class ResidualMonitor {
  readonly #sums: number[];
  readonly #counts: number[];

  constructor(state?: ResidualState) {
    this.#sums = [...(state?.sums ?? new Array<number>(bins).fill(0))];
    this.#counts = [...(state?.counts ?? new Array<number>(bins).fill(0))];
  }

  /** Takes the losses of a step into the baseline. */
  learn(timesteps: readonly number[], losses: readonly number[]): void {
    for (const [i, timestep] of timesteps.entries()) {
      if (!Number.isFinite(losses[i])) continue;
      this.#sums[binOf(timestep)]! += losses[i]!;
      this.#counts[binOf(timestep)]!++;
    }
  }

  /** Mean of loss - baseline over the samples; a bin without one has that of the nearest. Undefined where there is no baseline at all. */
  residual(timesteps: readonly number[], losses: readonly number[]): number | undefined {
    const usual = this.#baseline();
    return usual && mean(timesteps.map((timestep, i) => losses[i]! - usual[binOf(timestep)]!));
  }

  #baseline(): number[] | undefined {
    const known = this.#counts.flatMap((count, bin) => (count > 0 ? [bin] : []));
    if (known.length === 0) return undefined;
    return this.#counts.map((_, bin) => {
      const nearest = known.reduce((best, other) => (Math.abs(other - bin) < Math.abs(best - bin) ? other : best));
      return this.#sums[nearest]! / this.#counts[nearest]!;
    });
  }

  state(): ResidualState {
    return { sums: [...this.#sums], counts: [...this.#counts] };
  }
}

function binOf(timestep: number): number {
  return Math.min(bins - 1, Math.floor((timestep * bins) / numTrainTimesteps));
}
