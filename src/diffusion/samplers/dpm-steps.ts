import { levelOfSigma, type NoiseLevel } from "../noise-level.ts";
import type { SamplerSettings } from "./sampler.ts";
import { karrasSigmas, sigmaAt, sigmaTable, timestepOfSigma } from "./sigmas.ts";
import { roundedLinearTimesteps, roundHalfEven } from "./timestep-spacing.ts";

/** Where a solver of the DPM family begins, stops between and ends. */
export interface DpmSteps {
  /** Whole timesteps. */
  readonly timesteps: readonly number[];
  /** Variance-preserving level at each step's beginning, and at the end. */
  readonly levels: readonly NoiseLevel[];
}

/** Steps evenly spaced in time, or with `karras` in sigma^(1/7). The last ends without noise, or at the smallest sigma of the schedule. */
export function dpmSteps(
  { schedule, steps }: SamplerSettings,
  { karras = false, end = "zero" }: { readonly karras?: boolean; readonly end?: "zero" | "smallest" } = {},
): DpmSteps {
  const table = sigmaTable(schedule);
  const last = end === "zero" ? 0 : table[0]!;
  if (karras) {
    const sigmas = karrasSigmas(table, steps);
    const timesteps = sigmas.map((sigma) => roundHalfEven(timestepOfSigma(table, sigma)));
    return { timesteps, levels: [...sigmas, last].map(levelOfSigma) };
  }
  const timesteps = roundedLinearTimesteps(steps);
  return { timesteps, levels: [...timesteps.map((t) => sigmaAt(table, t)), last].map(levelOfSigma) };
}

/** Half the logarithm of the signal-to-noise ratio: the time in which these solvers are exponential integrators. */
export function lambda({ alpha, sigma }: NoiseLevel): number {
  return Math.log(alpha) - Math.log(sigma);
}
