import type { Slot } from "./optimizer.ts";

/** The D-Adaptation family finds its step size d, a lower bound of the distance to the solution; learning rates are relative to it, about 1.
 *  Source: Defazio 2023, "Learning-Rate-Free Learning by D-Adaptation"; library dadaptation.
 *  differs from sd-scripts: weight decay that is added to gradients leaves the frozen rows out of the estimate. */
export const distanceArguments = { d0: 1e-6, growth_rate: Number.POSITIVE_INFINITY } as const;

/** The larger of d and its new estimate, which may grow only so fast. */
export function grown(d: number, estimate: number, growthRate: number): number {
  return Math.max(d, Math.min(estimate, d * growthRate));
}

/** Calls back for each element of all slots, learned and frozen. */
export function forEachElement<Arrays extends string>(
  slots: readonly Slot<Arrays>[],
  visit: (slot: Slot<Arrays>, i: number) => void,
): void {
  for (const slot of slots) for (let i = 0; i < slot.parameters.length; i++) visit(slot, i);
}
