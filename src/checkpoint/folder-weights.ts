import { type Stats, statSync } from "node:fs";
import path from "node:path";
import type { StoredArray } from "../array/index.ts";
import { limits, requireShallow } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import { isRecord } from "../formats/json/index.ts";
import { withOpenFile } from "./stored.ts";
import { readWeightFile } from "./weight-file.ts";

type JsonRecord = Readonly<Record<string, unknown>>;

/** The weights in one sub-folder, from one file or several shards. */
interface FolderWeights {
  readonly tensors: ReadonlyMap<string, StoredArray>;
  readonly unusable: ReadonlyMap<string, string>;
}

/** Diffusers' base names of weight files; those of text encoders differ by container. */
export interface BaseNames {
  readonly safetensors: string;
  readonly bin: string;
}

export const networkBase: BaseNames = { safetensors: "diffusion_pytorch_model", bin: "diffusion_pytorch_model" };
export const textEncoderBase: BaseNames = { safetensors: "model", bin: "pytorch_model" };

/** The weights in a component's folder: the requested variant, else the plain files, else fp16. Source: Diffusers, pipelines/pipeline_loading_utils.py.
 *  @throws CHECKPOINT_INCOMPLETE if the folder holds none. */
export function readFolderWeights(folder: string, base: BaseNames, variant: string | undefined): FolderWeights {
  for (const { name, shards } of weightFileNames(base, variant)) {
    const file = path.join(folder, name);
    if (isFile(file)) return shards ? readShards(file) : readWeightFile(file);
  }
  throw new CoinageError("CHECKPOINT_INCOMPLETE", `${folder} has no weights.`, {
    hint: `Expected ${base.safetensors}.safetensors, ${base.bin}.bin or their index files.`,
  });
}

/** A possible name of a component's weights; shards: for an index, the pattern of its files' names. */
interface WeightFileName {
  readonly name: string;
  readonly shards: RegExp | undefined;
}

/** The names under which to look for a component's weights, in this order. */
export function weightFileNames(base: BaseNames, asked: string | undefined): WeightFileName[] {
  const variants = [...new Set([asked, undefined, "fp16"])];
  return variants.flatMap((variant) => {
    const dot = variant === undefined ? "" : `.${variant}`;
    return (["safetensors", "bin"] as const).flatMap((container) => [
      { name: `${base[container]}${dot}.${container}`, shards: undefined },
      {
        name: `${base[container]}.${container}.index${dot}.json`,
        shards: shardNames(base[container], variant, container),
      },
    ]);
  });
}

/** The variant stands before or after the numbers, depending on the age of the program that wrote the shards. */
function shardNames(base: string, variant: string | undefined, container: string): RegExp {
  const numbers = "-\\d+-of-\\d+";
  const middle = variant === undefined ? numbers : `(\\.${variant}${numbers}|${numbers}\\.${variant})`;
  return new RegExp(`^${base}${middle}\\.${container}$`);
}

function readShards(indexFile: string): FolderWeights {
  const tensors = new Map<string, StoredArray>();
  const unusable = new Map<string, string>();
  const map = weightMap(indexFile);
  for (const shard of new Set(map.values())) {
    const file = path.join(path.dirname(indexFile), shard);
    if (!isFile(file))
      throw new CoinageError("CHECKPOINT_INCOMPLETE", `${file} is missing.`, {
        where: indexFile,
        hint: "The model was not downloaded completely.",
      });
    const weights = readWeightFile(file);
    for (const [name, stored] of weights.tensors) if (map.get(name) === shard) tensors.set(name, stored);
    for (const [name, dtype] of weights.unusable) if (map.get(name) === shard) unusable.set(name, dtype);
  }
  return { tensors, unusable };
}

/** The files of an index, all in its folder. @throws CHECKPOINT_UNREADABLE */
export function shardsOf(indexFile: string): string[] {
  return [...new Set(weightMap(indexFile).values())];
}

/** The file of each tensor. @throws CHECKPOINT_UNREADABLE */
function weightMap(indexFile: string): Map<string, string> {
  const map = readJsonRecord(indexFile).weight_map;
  if (!isRecord(map)) throw unreadable(indexFile, 'it has no "weight_map"');
  const shards = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== "string" || !isFileName(shard))
      throw unreadable(indexFile, "it names something other than a file in its own folder");
    shards.set(tensor, shard);
  }
  return shards;
}

/** Whether a text can name a file inside a folder. */
function isFileName(text: string): boolean {
  return text.length <= 200 && !/[/\\\0]|^\.{0,2}$/.test(text);
}

/** The JSON object in a file; undefined if the file does not exist. @throws CHECKPOINT_UNREADABLE */
export function readConfig(file: string): JsonRecord | undefined {
  return isFile(file) ? readJsonRecord(file) : undefined;
}

function readJsonRecord(file: string): JsonRecord {
  const bytes = withOpenFile(file, (open) => {
    if (open.size > limits.modelConfig.max) throw unreadable(file, `it has ${open.size} bytes`);
    return open.read(0, open.size);
  });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw unreadable(file, "it is not JSON", cause);
  }
  if (!isRecord(value)) throw unreadable(file, "it is not a JSON object");
  requireShallow(value, { code: "CHECKPOINT_UNREADABLE", subject: file, hint: "Download the model again." });
  return value;
}

export function isFolder(target: string): boolean {
  return statsOf(target)?.isDirectory() ?? false;
}

export function isFile(target: string): boolean {
  return statsOf(target)?.isFile() ?? false;
}

/** Undefined also for an impossible path, or one that may not be read. */
function statsOf(target: string): Stats | undefined {
  try {
    return statSync(target);
  } catch {
    return undefined;
  }
}

function unreadable(file: string, what: string, cause?: unknown): CoinageError {
  return new CoinageError("CHECKPOINT_UNREADABLE", `${file} cannot be used: ${what}.`, {
    hint: "Download the model again.",
    cause,
  });
}
