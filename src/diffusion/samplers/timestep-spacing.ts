import { CoinageError } from "../../errors/index.ts";
import { trainTimesteps } from "../noise-schedule.ts";

/** Timesteps k * floor(1000 / steps) + offset, descending integers.
 *  @throws SAMPLER_STEPS when the offset leads out of the schedule. */
export function leadingTimesteps(steps: number, offset: number): number[] {
  const stride = leadingStride(steps);
  if ((steps - 1) * stride + offset >= trainTimesteps) throw tooManySteps(steps, trainTimesteps - offset);
  return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * stride + offset);
}

export function leadingStride(steps: number): number {
  return Math.floor(trainTimesteps / steps);
}

/** Evenly spaced timesteps from 999 to 0, both included; fractional, in float32 as the network gets them. */
export function linearTimesteps(steps: number): number[] {
  const stride = (trainTimesteps - 1) / Math.max(1, steps - 1);
  return Array.from({ length: steps }, (_, i) => Math.fround((steps - 1 - i) * stride));
}

/** steps + 1 evenly spaced timesteps from 999 to 0, rounded half to even, without the last. */
export function roundedLinearTimesteps(steps: number): number[] {
  const stride = (trainTimesteps - 1) / steps;
  return Array.from({ length: steps }, (_, i) => roundHalfEven((steps - i) * stride));
}

export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** @throws SAMPLER_STEPS when it is no whole number of 1 to 1000. */
export function checkSteps(steps: number): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > trainTimesteps) throw tooManySteps(steps, trainTimesteps);
}

export function tooManySteps(steps: number, most: number): CoinageError {
  return new CoinageError("SAMPLER_STEPS", `A sampler takes a whole number of 1 to ${most} steps here, not ${steps}.`);
}
