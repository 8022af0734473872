import type { StoredArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { rawWeight, type Tensor, weight } from "../graph/index.ts";

/** Tensors of one network by their canonical (Diffusers, Transformers) names. */
export type WeightMap = ReadonlyMap<string, StoredArray>;

/** The frozen weights of a network, by name below a prefix. */
export interface Weights {
  /** @throws CHECKPOINT_INCOMPLETE naming the tensor */
  get(name: string): Tensor;
  /** The tensor in its stored dtype. */
  raw(name: string): Tensor;
  has(name: string): boolean;
  /** The weights of a part: names below `${prefix}.`. */
  part(prefix: string): Weights;
}

/** The weights of a network. component: its name, which distinguishes the weights of several networks in one graph. */
export function weightsOf(component: string, arrays: WeightMap, prefix = ""): Weights {
  const find = (name: string) => {
    const stored = arrays.get(prefix + name);
    if (stored) return stored;
    throw new CoinageError("CHECKPOINT_INCOMPLETE", `The ${component} has no tensor "${prefix}${name}".`, {
      hint: "The file is not a complete Stable Diffusion model, or of an unsupported kind.",
    });
  };
  return {
    get: (name) => weight(`${component}.${prefix}${name}`, find(name)),
    raw: (name) => rawWeight(`${component}.${prefix}${name}:stored`, find(name)),
    has: (name) => arrays.has(prefix + name),
    part: (name) => weightsOf(component, arrays, `${prefix}${name}.`),
  };
}
