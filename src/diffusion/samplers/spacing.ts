import { roundHalfEven } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { type NoiseSchedule, numTrainTimesteps } from "../noise-schedule.ts";

/** Timesteps k * floor(1000 / steps) + offset, descending integers.
 *  @throws SAMPLER_STEPS if the offset leads beyond the schedule. */
export function leadingTimesteps(steps: number, offset: number): number[] {
  const stride = leadingStride(steps);
  if ((steps - 1) * stride + offset >= numTrainTimesteps) throw tooManySteps(steps, numTrainTimesteps - offset);
  return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * stride + offset);
}

export function leadingStride(steps: number): number {
  return Math.floor(numTrainTimesteps / steps);
}

/** Evenly spaced timesteps from 999 to 0 inclusive; fractional, in float32 as the network receives them. */
export function linearTimesteps(steps: number): number[] {
  const stride = (numTrainTimesteps - 1) / Math.max(1, steps - 1);
  return Array.from({ length: steps }, (_, i) => Math.fround((steps - 1 - i) * stride));
}

/** steps + 1 evenly spaced timesteps from 999 to 0, rounded half to even, without the last. */
export function roundedLinearTimesteps(steps: number): number[] {
  const stride = (numTrainTimesteps - 1) / steps;
  return Array.from({ length: steps }, (_, i) => roundHalfEven((steps - i) * stride));
}

/** @throws SAMPLER_STEPS unless steps is an integer from 1 to 1000. */
export function checkSteps(steps: number): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > numTrainTimesteps) throw tooManySteps(steps, numTrainTimesteps);
}

export function tooManySteps(steps: number, most: number): CoinageError {
  return new CoinageError(
    "SAMPLER_STEPS",
    `The number of sampler steps must be an integer from 1 to ${most}, not ${steps}.`,
  );
}

/** Replaces an alphasCumprod of 0 so that sigma stays finite, as in diffusers. */
export const smallestAlpha = 2 ** -24;

/** sigma = sqrt((1 - abar) / abar) at every training timestep, ascending. */
export function sigmaTable(schedule: NoiseSchedule): Float64Array {
  return Float64Array.from(schedule.alphasCumprod, (alpha) => {
    const kept = Math.max(alpha, smallestAlpha);
    return Math.sqrt((1 - kept) / kept);
  });
}

/** Sigma at a timestep, interpolated linearly between whole ones. */
export function sigmaAt(table: Float64Array, timestep: number): number {
  const low = Math.min(Math.floor(timestep), table.length - 2);
  return table[low]! + (timestep - low) * (table[low + 1]! - table[low]!);
}

/** The fractional timestep of a sigma, interpolated in log sigma; 0 or 999 outside the table. */
export function timestepOfSigma(table: Float64Array, sigma: number): number {
  let low = 0;
  while (low < table.length - 2 && table[low + 1]! <= sigma) low++;
  const logLow = Math.log(table[low]!);
  const weight = (Math.log(sigma) - logLow) / (Math.log(table[low + 1]!) - logLow);
  return low + Math.min(1, Math.max(0, weight));
}

/** Sigmas from the largest to the smallest of the table, evenly spaced in sigma^(1/7).
 *  Source: Karras 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", eq. 5. */
export function karrasSigmas(table: Float64Array, steps: number): number[] {
  const rho = 7;
  const start = table.at(-1)! ** (1 / rho);
  const end = table[0]! ** (1 / rho);
  return Array.from({ length: steps }, (_, i) => (start + (i / Math.max(1, steps - 1)) * (end - start)) ** rho);
}
