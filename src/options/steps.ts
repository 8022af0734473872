import type { StepCount } from "./option.ts";

/** A step count as a number: a share of all steps is cut to whole steps. */
export function resolveStepCount(count: StepCount, totalSteps: number): number {
  return "steps" in count ? count.steps : Math.trunc(count.ratio * totalSteps);
}
