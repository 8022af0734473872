import type { TorchGenerator } from "../random/index.ts";
import { trainTimesteps } from "./noise-schedule.ts";

export interface TimestepRange {
  /** Smallest timestep drawn (default 0). */
  readonly minTimestep?: number | undefined;
  /** One more than the largest timestep drawn (default 1000). */
  readonly maxTimestep?: number | undefined;
}

/** One timestep for each sample of a batch, uniform in minTimestep .. maxTimestep - 1. All are maxTimestep, and nothing is drawn, where
 *  the range is empty. */
export function drawTimesteps(
  generator: TorchGenerator,
  batchSize: number,
  { minTimestep = 0, maxTimestep = trainTimesteps }: TimestepRange = {},
): number[] {
  if (minTimestep >= maxTimestep) return new Array<number>(batchSize).fill(maxTimestep);
  return generator.randint(minTimestep, maxTimestep, [batchSize]);
}
