import { lstat, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { filesToOpen } from "../../checkpoint/index.ts";
import { copyOfDatasetConfig } from "../../dataset/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { resultOf } from "../../events/index.ts";
import { kindOfPath } from "../../files/index.ts";
import { localModel } from "../../hub/index.ts";
import { type FileValues, flagsToml } from "../../options/index.ts";
import { namedAs } from "../../pictures/index.ts";
import type { FileDigests } from "../blobs/digests.ts";
import type { BlobServer } from "../blobs/server.ts";
import { canonicalText, sha256 } from "../protocol/signed.ts";
import { packedPaths, portableValues } from "./portable.ts";
import { type Inputs, limits, type PackedFile, placeOf, type RunJob, workerFolder } from "./protocol.ts";

/** A run that is ready to be published. */
export interface PackedRun {
  readonly job: Pick<RunJob, "config" | "inputs">;
  /** Paths on this machine by the placeholders that a worker's texts have for them. */
  readonly origins: ReadonlyMap<string, string>;
}

type Packed = { -readonly [Key in keyof Inputs["flags"][number]]: Inputs["flags"][number][Key] };

/** Largest file that passes for a caption, in bytes. */
const captionBytes = 1 << 16;

/** Packs runs for workers: their settings, and the files that these name, which the blob server then serves. */
export class Packer {
  readonly #blobs: BlobServer;
  readonly #digests: FileDigests;
  /** By flag and path: runs of a sweep share most of their files. */
  readonly #packed = new Map<string, Promise<Packed>>();

  constructor(blobs: BlobServer, hashes: FileDigests) {
    this.#blobs = blobs;
    this.#digests = hashes;
  }

  /** Packs one run, and serves its files. outputName: of its embedding. @throws SETTINGS_CONFLICT, FILE_NOT_FOUND, DATASET_CONFIG, the HUB codes */
  async pack(values: FileValues, outputName: string): Promise<PackedRun> {
    const config = flagsToml(new Map([...portableValues(values), ["output_name", outputName] as const]));
    const origins = new Map<string, string>();
    const flags: Packed[] = [];
    for (const flag of packedPaths) {
      const given = values.get(flag);
      if (typeof given !== "string" || flag === "dataset_config") continue;
      const packed = await this.#packOnce(flag, given);
      flags.push(packed);
      const name = packed.isFolder ? undefined : packed.files[0]!.name;
      origins.set(`${workerFolder}/${placeOf(flag, name)}`, given);
    }
    const file = values.get("dataset_config");
    const dataset = typeof file === "string" ? await this.#dataset(file, origins) : undefined;
    const inputs = new TextEncoder().encode(canonicalText({ flags, ...(dataset && { dataset }) }));
    const digest = sha256(inputs);
    this.#blobs.addBytes(digest, inputs);
    return { job: { config, inputs: digest }, origins };
  }

  #packOnce(flag: (typeof packedPaths)[number], given: string): Promise<Packed> {
    const key = `${flag} ${given}`;
    const packed = this.#packed.get(key) ?? this.#packFlag(flag, given);
    this.#packed.set(key, packed);
    return packed;
  }

  async #packFlag(flag: (typeof packedPaths)[number], given: string): Promise<Packed> {
    const isModel = flag === "pretrained_model_name_or_path" || flag === "vae";
    const purpose = flag === "vae" ? "vae" : "model";
    const target = isModel ? await resultOf(localModel(given, purpose)) : given;
    const kind = await kindOfPath(target);
    if (kind === "nothing")
      throw new CoinageError("FILE_NOT_FOUND", `${target} does not exist.`, { where: `--${flag} ${given}` });
    if (kind === "file") {
      const packed = await this.#packFile(target, path.basename(target));
      return { flag, isFolder: false, isModel, files: [isModel ? { ...packed, path: path.resolve(target) } : packed] };
    }
    if (!isModel) return { flag, isFolder: true, isModel, files: await this.#packImages(target) };
    const names = filesToOpen(await filesBelow(target, 2), purpose);
    const files = names.map(async (name) => {
      const file = path.resolve(target, name);
      return { ...(await this.#packFile(file, name)), path: file };
    });
    return { flag, isFolder: true, isModel, files: await Promise.all(files) };
  }

  async #dataset(file: string, origins: Map<string, string>): Promise<Inputs["dataset"]> {
    const folders: string[] = [];
    const config = await copyOfDatasetConfig(file, (key, whole) => {
      if (key === "metadata_file")
        throw new CoinageError(
          "SETTINGS_CONFLICT",
          "A metadata file may name images in any folder, so workers do not take it.",
          {
            where: `--dataset_config ${file}`,
            hint: "Put captions beside the images, or leave out --queue to train on this machine.",
          },
        );
      if (!folders.includes(whole)) folders.push(whole);
      return `@${folders.indexOf(whole)}`;
    });
    origins.set(`${workerFolder}/${placeOf("dataset_config", "dataset.toml")}`, file);
    for (const [i, folder] of folders.entries())
      origins.set(`${workerFolder}/${placeOf("dataset_config", String(i))}`, folder);
    return { config, folders: await Promise.all(folders.map((folder) => this.#packImages(folder))) };
  }

  /** The images of a folder, with captions and other small files beside them. */
  async #packImages(folder: string): Promise<PackedFile[]> {
    const packed: PackedFile[] = [];
    for (const name of await filesBelow(folder, 2)) {
      const file = path.join(folder, name);
      const { size } = await stat(file);
      const isCaption = size <= captionBytes && !/\.(npz|json|safetensors|toml)$/i.test(name);
      if ((namedAs(name) === "picture" && size <= limits.imageBytes) || isCaption)
        packed.push(await this.#packFile(file, name));
    }
    return packed;
  }

  async #packFile(file: string, name: string): Promise<PackedFile> {
    const digest = await this.#digests.digestOf(file);
    this.#blobs.addFile(digest, file);
    return { name, sha256: digest, bytes: (await stat(file)).size };
  }
}

/** Relative paths of the regular files below a folder, with slashes, without hidden ones. depth: levels, 1 for the folder's own files. */
async function filesBelow(folder: string, depth: number): Promise<string[]> {
  const names: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (name.startsWith(".")) continue;
    const found = await stat(path.join(folder, name)).catch(() => lstat(path.join(folder, name)));
    if (found.isFile()) names.push(name);
    else if (found.isDirectory() && depth > 1)
      names.push(...(await filesBelow(path.join(folder, name), depth - 1)).map((inner) => `${name}/${inner}`));
  }
  return names;
}
