import { CoinageError } from "../errors/index.ts";
import type { WeightMap } from "./weights.ts";

/** The config.json of a component as it was read, or nothing when the file has none. */
export type ComponentConfig = Readonly<Record<string, unknown>> | undefined;

/** The shape of a tensor. @throws CHECKPOINT_INCOMPLETE */
export function shapeIn(weights: WeightMap, name: string): readonly number[] {
  const stored = weights.get(name);
  if (stored) return stored.shape;
  throw new CoinageError("CHECKPOINT_INCOMPLETE", `The model has no tensor "${name}".`, {
    hint: "The file is no complete Stable Diffusion model, or of a kind not supported.",
  });
}

/** How many numbered parts there are: 1 + the largest index that follows the prefix. */
export function countParts(weights: WeightMap, prefix: string): number {
  let count = 0;
  for (const name of weights.keys()) {
    if (!name.startsWith(prefix)) continue;
    const index = Number.parseInt(name.slice(prefix.length), 10);
    if (index >= count) count = index + 1;
  }
  return count;
}

/** A positive number of a config, or undefined. */
export function configNumber(config: ComponentConfig, key: string): number | undefined {
  const value = config?.[key];
  return typeof value === "number" && value > 0 ? value : undefined;
}

/** The number of normalisation groups: the config's, else 32. @throws ARCHITECTURE_UNKNOWN when they do not divide every width */
export function normGroups(config: ComponentConfig, widths: readonly number[]): number {
  const groups = configNumber(config, "norm_num_groups") ?? 32;
  if (widths.every((width) => width % groups === 0)) return groups;
  throw unknownArchitecture(`${groups} normalisation groups do not divide the widths ${widths.join(", ")}`);
}

export function unknownArchitecture(what: string): CoinageError {
  return new CoinageError("ARCHITECTURE_UNKNOWN", `How this model is built cannot be told from its tensors: ${what}.`, {
    hint: "Load it from a Diffusers folder, whose config.json says it.",
  });
}
