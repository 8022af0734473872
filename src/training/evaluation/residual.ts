import { mean } from "../../array/index.ts";
import { numTrainTimesteps } from "../../diffusion/index.ts";

const bins = 20;

/** The baseline as a training state saves it: sums and counts of losses, by bin. */
export interface ResidualState {
  readonly sums: readonly number[];
  readonly counts: readonly number[];
}

/** The training loss minus a baseline at its timesteps: 20 bins of timesteps, each with its mean loss over the first tenth of a run.
 *  Removes most of the noise of the training loss at no cost. */
export class ResidualMonitor {
  readonly #sums: number[];
  readonly #counts: number[];

  constructor(state?: ResidualState) {
    this.#sums = [...(state?.sums ?? new Array<number>(bins).fill(0))];
    this.#counts = [...(state?.counts ?? new Array<number>(bins).fill(0))];
  }

  /** Adds the losses of a step to the baseline. */
  learn(timesteps: readonly number[], losses: readonly number[]): void {
    for (const [i, timestep] of timesteps.entries()) {
      if (!Number.isFinite(losses[i])) continue;
      this.#sums[binOf(timestep)]! += losses[i]!;
      this.#counts[binOf(timestep)]!++;
    }
  }

  /** Mean of loss - baseline over the samples; an empty bin takes the nearest one's baseline. Undefined without any baseline. */
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
