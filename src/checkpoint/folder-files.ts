import path from "node:path";
import { folderNames, isSdxlPipeline } from "./diffusers-folder.ts";
import {
  type BaseNames,
  isFile,
  isFolder,
  networkBase,
  readConfig,
  shardsOf,
  textEncoderBase,
  weightFileNames,
} from "./folder-weights.ts";

/** What to open in a Diffusers folder: the whole model, or its VAE (at the top or in the folder "vae"). */
export type FolderPurpose = "model" | "vae";

interface Part {
  /** Folder relative to the model's, with a trailing slash; empty for the top. */
  readonly prefix: string;
  readonly base: BaseNames;
}

const second: Part = { prefix: `${folderNames.textEncoder2}/`, base: textEncoderBase };
const modelParts: readonly Part[] = [
  { prefix: `${folderNames.unet}/`, base: networkBase },
  { prefix: `${folderNames.vae}/`, base: networkBase },
  { prefix: `${folderNames.textEncoder}/`, base: textEncoderBase },
];
const pipelineFiles = ["model_index.json", "scheduler/scheduler_config.json"];

/** The files of a model (relative paths, with /) that opening it reads; none if they are not a Diffusers folder. */
export function filesToOpen(files: readonly string[], purpose: FolderPurpose, variant?: string): string[] {
  const all = new Set(files);
  const parts = purpose === "vae" ? [vaePart((file) => all.has(file))] : [...modelParts, second];
  const weights = parts.flatMap((part) => weightsAmong(files, part, variant));
  if (weights.length === 0) return [];
  const texts = [...(purpose === "model" ? pipelineFiles : []), ...parts.map(({ prefix }) => `${prefix}config.json`)];
  return [...texts.filter((file) => all.has(file)), ...weights];
}

/** Files that a Diffusers folder lacks (relative paths, with /); empty if it is complete. */
export function missingFiles(folder: string, purpose: FolderPurpose, variant?: string): string[] {
  const has = (file: string) => isFile(path.join(folder, file));
  const parts = purpose === "vae" ? [vaePart(has)] : isSdxlFolder(folder) ? [...modelParts, second] : modelParts;
  const texts = [...(purpose === "model" ? pipelineFiles : []), ...parts.map(({ prefix }) => `${prefix}config.json`)];
  return [...texts.filter((file) => !has(file)), ...parts.flatMap((part) => missingWeights(folder, part, variant))];
}

function vaePart(has: (file: string) => boolean): Part {
  return { prefix: has("config.json") ? "" : `${folderNames.vae}/`, base: networkBase };
}

function isSdxlFolder(folder: string): boolean {
  const pipeline = readConfig(path.join(folder, "model_index.json"));
  return isSdxlPipeline(pipeline?._class_name) || isFolder(path.join(folder, folderNames.textEncoder2));
}

function weightsAmong(files: readonly string[], { prefix, base }: Part, variant: string | undefined): string[] {
  for (const { name, shards } of weightFileNames(base, variant)) {
    if (!files.includes(prefix + name)) continue;
    const inPart = files.filter((file) => file.startsWith(prefix) && shards?.test(file.slice(prefix.length)));
    return [prefix + name, ...inPart];
  }
  return [];
}

function missingWeights(folder: string, { prefix, base }: Part, variant: string | undefined): string[] {
  const names = weightFileNames(base, variant);
  const found = names.find(({ name }) => isFile(path.join(folder, prefix, name)));
  if (!found) return [`${prefix}${names[0]!.name}`];
  if (!found.shards) return [];
  const shards = shardsOf(path.join(folder, prefix, found.name));
  return shards.map((shard) => prefix + shard).filter((file) => !isFile(path.join(folder, file)));
}
