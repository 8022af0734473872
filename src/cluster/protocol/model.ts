import { statSync } from "node:fs";
import { z } from "zod";
import { type DType, dtypeBytes, elementCount, type StoredArray } from "../../array/index.ts";
import type { Checkpoint, Component } from "../../checkpoint/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { type DiffusionModel, diffusionModel } from "../../models/index.ts";
import { digestSchema } from "./job.ts";
import { canonicalText, sha256 } from "./signed.ts";

// A model as a list of its tensors, each with its offset in a file that is named by digest. So a worker fetches only the files of the networks that it needs, and
// never parses a pickle.

/** Parts of a model. */
export type Network = "unet" | "vae" | "textEncoder" | "textEncoder2";

/** The networks that compute a micro-batch. */
export const trainingNetworks: readonly Network[] = ["unet", "textEncoder", "textEncoder2"];

const dtypes = Object.keys(dtypeBytes) as [DType, ...DType[]];
const tensor = z.object({
  name: z.string().max(300),
  dtype: z.enum(dtypes),
  shape: z
    .array(
      z
        .int()
        .min(0)
        .max(1 << 20),
    )
    .max(5),
  /** Digest of its file; undefined if workers do not need it. */
  file: digestSchema.optional(),
  offset: z.int().min(0),
});
const component = z.object({
  config: z.record(z.string(), z.json()).optional(),
  spelling: z.enum(["diffusers", "ldm", "transformers", "openclip"]),
  storedTransposed: z.array(z.string()),
  tensors: z.array(tensor).max(20_000),
});

export const modelSchema = z.object({
  family: z.enum(["sd1", "sd2", "sdxl"]),
  unet: component,
  vae: component,
  textEncoder: component,
  textEncoder2: component.optional(),
});

export type ModelDescription = z.infer<typeof modelSchema>;

/** The files and in-memory tensors that contain the weights of some networks. */
export function weightSources(checkpoint: Checkpoint, networks: readonly Network[]) {
  const files = new Map<string, { readonly path: string; readonly bytes: number }>();
  const loose: Uint8Array[] = [];
  for (const network of networks)
    for (const { bytes } of checkpoint[network]?.tensors.values() ?? []) {
      if (bytes instanceof Uint8Array) loose.push(bytes);
      else if (!files.has(bytes.file)) files.set(bytes.file, { path: bytes.file, bytes: statSync(bytes.file).size });
    }
  return { files: [...files.values()], loose };
}

/** Describes a model. networks: those that workers need; digestOf: gives the digest of one of their files. */
export function describeModel(
  checkpoint: Checkpoint,
  networks: readonly Network[],
  digestOf: (file: string) => string,
): ModelDescription {
  const describe = ({ config, spelling, storedTransposed, tensors }: Component, isNeeded: boolean) => ({
    ...(config && { config: JSON.parse(JSON.stringify(config)) as Record<string, never> }),
    spelling,
    storedTransposed: [...storedTransposed],
    tensors: [...tensors].map(([name, { dtype, shape, bytes }]) => ({
      ...{ name, dtype, shape: [...shape] },
      ...(isNeeded && { file: bytes instanceof Uint8Array ? sha256(bytes) : digestOf(bytes.file) }),
      offset: bytes instanceof Uint8Array ? 0 : bytes.offset,
    })),
  });
  const { family, unet, vae, textEncoder, textEncoder2 } = checkpoint;
  return {
    family: family.value,
    unet: describe(unet, networks.includes("unet")),
    vae: describe(vae, networks.includes("vae")),
    textEncoder: describe(textEncoder, networks.includes("textEncoder")),
    ...(textEncoder2 && { textEncoder2: describe(textEncoder2, networks.includes("textEncoder2")) }),
  };
}

export function encodeModel(description: ModelDescription): Uint8Array {
  return new TextEncoder().encode(canonicalText(description));
}

/** The model of a description. files: paths and lengths on this machine, by digest; networks: those that are computed with here.
 *  @throws CLUSTER_PROTOCOL, and what building a model throws */
export function modelFrom(
  description: ModelDescription,
  files: ReadonlyMap<string, { readonly path: string; readonly bytes: number }>,
  networks: readonly Network[],
): DiffusionModel {
  const stored = ({ name, dtype, shape, file, offset }: z.infer<typeof tensor>, isNeeded: boolean): StoredArray => {
    const length = elementCount(shape) * dtypeBytes[dtype];
    if (file === undefined || !isNeeded) return { dtype, shape, bytes: { file: "", offset, length } };
    const found = files.get(file);
    if (!found || offset + length > found.bytes)
      throw new CoinageError("CLUSTER_PROTOCOL", `The tensor ${name} of the model lies outside of its file.`);
    return { dtype, shape, bytes: { file: found.path, offset, length } };
  };
  const network = (of: Network, { config, spelling, storedTransposed, tensors }: z.infer<typeof component>) => ({
    ...{ config, spelling, storedTransposed: new Set(storedTransposed) },
    tensors: new Map(tensors.map((one) => [one.name, stored(one, networks.includes(of))])),
  });
  const { family, unet, vae, textEncoder, textEncoder2 } = description;
  return diffusionModel({
    family,
    unet: network("unet", unet),
    vae: network("vae", vae),
    textEncoder: network("textEncoder", textEncoder),
    textEncoder2: textEncoder2 && network("textEncoder2", textEncoder2),
  });
}
