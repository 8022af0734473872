import { TorchGenerator } from "./torch-generator.ts";

/** The order in which a shuffled `torch.utils.data.DataLoader` (also one prepared by accelerate, in one process) goes through n items in its next epoch.
 *  Call it once at the start of every epoch: it draws two 64-bit numbers from the generator. */
export function drawEpochOrder(generator: TorchGenerator, n: number): number[] {
  generator.random63(); // the base seed of the loader's worker processes
  return new TorchGenerator(generator.random63()).randperm(n);
}
