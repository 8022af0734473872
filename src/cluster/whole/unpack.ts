import { copyFile, mkdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { datasetConfigText } from "../../dataset/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { type ConfigValue, isTable } from "../../formats/config/index.ts";
import { type FileValues, flagsOfTable, parseToml } from "../../options/index.ts";
import type { BlobSource } from "../blobs/source.ts";
import { type BlobStore, downloadProgress } from "../blobs/store.ts";
import { isExtension, requirePortable } from "./portable.ts";
import { type Inputs, inputsSchema, limits, type PackedFile, placeOf, type RunJob } from "./protocol.ts";

export interface UnpackOptions {
  readonly blobs: BlobStore;
  readonly source: BlobSource;
  /** The sweep's folder on this machine. Nothing is written outside of it. */
  readonly root: string;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** A job whose files are on this machine. */
export interface Unpacked {
  /** Its settings, with the paths of its files. */
  readonly values: FileValues;
  /** Of its files. */
  readonly folder: string;
}

/** Fetches the files of a job and places them in a folder. @throws CLUSTER_PROTOCOL, CLUSTER_WEIGHTS, and the system's own errors */
export async function unpack({ config, inputs: digest }: RunJob, unpacking: UnpackOptions): Promise<Unpacked> {
  const values = settingsOf(config);
  const inputs = await inputsOf(digest, unpacking);
  // named by the digest of the inputs, so runs with the same files share it
  const folder = path.join(unpacking.root, digest.slice(0, 16));
  const paths = new Map<Inputs["flags"][number]["flag"], string>();
  for (const { flag, isFolder, isModel, files } of inputs.flags) {
    const [first] = files;
    if (!isFolder && (files.length !== 1 || first!.name.includes("/")))
      throw new CoinageError("CLUSTER_PROTOCOL", `The job has no file for ${flag}.`);
    const place = path.join(folder, placeOf(flag));
    await placeFiles(place, files, isModel, unpacking);
    paths.set(flag, isFolder ? place : path.join(place, first!.name));
  }
  if (inputs.dataset) {
    const place = path.join(folder, placeOf("dataset_config"));
    for (const [i, files] of inputs.dataset.folders.entries())
      await placeFiles(path.join(place, String(i)), files, false, unpacking);
    const file = path.join(place, "dataset.toml");
    await writeFile(file, await placedConfig(inputs.dataset, place));
    paths.set("dataset_config", file);
  }
  return { values: new Map([...values, ...paths]), folder };
}

/** @throws CLUSTER_PROTOCOL */
function settingsOf(config: string): FileValues {
  try {
    const values = flagsOfTable(parseToml(config, "a job").value, () => "a job");
    requirePortable(values);
    if (!values.has("output_name")) throw new CoinageError("CLUSTER_PROTOCOL", "The job names no output.");
    return values;
  } catch (error) {
    if (error instanceof CoinageError && error.code !== "CLUSTER_PROTOCOL")
      throw new CoinageError("CLUSTER_PROTOCOL", `The settings of a job are not accepted: ${error.message}`, {
        cause: error,
      });
    throw error;
  }
}

async function inputsOf(digest: string, { blobs, source }: UnpackOptions): Promise<Inputs> {
  const text = new TextDecoder().decode(await blobs.bytes(digest, source));
  const { success, data } = inputsSchema.safeParse(parsed(text));
  const files = data ? [...data.flags.flatMap(({ files }) => files), ...(data.dataset?.folders.flat() ?? [])] : [];
  const isWithin = files.length <= limits.filesIn && files.reduce((sum, { bytes }) => sum + bytes, 0) <= limits.bytesIn;
  if (success && isWithin) return data;
  throw new CoinageError("CLUSTER_PROTOCOL", "The list of a job's files is not valid, or too long.");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Places files in a folder as they were packed: weights as links to where this machine has them, others as copies. */
async function placeFiles(
  folder: string,
  files: readonly (PackedFile & { readonly path?: string | undefined })[],
  isModel: boolean,
  { blobs, source, say, signal }: UnpackOptions,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, sha256, bytes, path: shared } of files) {
    if (signal.aborted) throw new Error("the worker leaves");
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    if (isModel) {
      const wanted = { sha256, bytes, ...(shared !== undefined && { path: shared }) };
      const found = await blobs.file(wanted, source, downloadProgress(bytes, say));
      await rm(file, { force: true });
      await symlink(path.resolve(found), file).catch(() => copyFile(found, file));
      continue;
    }
    if (bytes > limits.imageBytes) throw new CoinageError("CLUSTER_PROTOCOL", `${name} of a job has ${bytes} bytes.`);
    // complete, since it was renamed into place by an earlier job
    if ((await stat(file).catch(() => undefined))?.size === bytes) continue;
    await writeFile(`${file}.part`, await blobs.bytes(sha256, source));
    await rename(`${file}.part`, file);
  }
}

/** The dataset config with this machine's folders in place of "@0", "@1", .... @throws CLUSTER_PROTOCOL for any other path */
async function placedConfig({ config, folders }: NonNullable<Inputs["dataset"]>, place: string): Promise<string> {
  const { value } = parseToml(config, "a job");
  requireExtensions(value);
  return datasetConfigText(value, (key, given) => {
    const [, number] = /^@(\d+)$/.exec(given) ?? [];
    if (number === undefined || Number(number) >= folders.length || key === "metadata_file")
      throw new CoinageError("CLUSTER_PROTOCOL", `The dataset config of a job names ${given}.`);
    return path.join(place, number);
  });
}

function requireExtensions(value: ConfigValue): void {
  if (Array.isArray(value)) for (const entry of value as readonly ConfigValue[]) requireExtensions(entry);
  if (!isTable(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (/^caption_exten[ts]ion$/.test(key) && !(typeof inner === "string" && isExtension(inner)))
      throw new CoinageError(
        "CLUSTER_PROTOCOL",
        "The dataset config of a job has a caption_extension that is not a file extension.",
      );
    requireExtensions(inner);
  }
}
