import { realpath, stat } from "node:fs/promises";
import path from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { NdArray } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { kindOfPath } from "../../files/index.ts";
import { channelToFloats } from "../../pictures/index.ts";
import type { LatentCaching } from "../config/plan.ts";
import { digestOfFile, withoutExtension } from "../images/paths.ts";
import type { TrainingImage } from "../images/training-image.ts";
import { type CachedLatents, type LatentFile, readLatentFile, shortcomingOf, writeLatentFile } from "./files.ts";
import { latentFilesOf, legacyLatentFileOf } from "./names.ts";
import { type LatentOrigin, latentSettings } from "./origin.ts";

/** The state of an image's latents. Unusable ones are rebuilt. */
export type FoundLatents =
  | { readonly kind: "missing" }
  | { readonly kind: "damaged" | "outdated"; readonly file: string; readonly reason?: string }
  /** isUntold: from sd-scripts, without an origin. contents: digest, if the file was read. */
  | { readonly kind: "usable"; readonly file?: string; readonly isUntold?: boolean; readonly contents?: string };

/** The cached latents of all images of a run, in memory or in files. */
export class LatentStore {
  readonly caching: LatentCaching;
  readonly #memory = new LatentMemory();
  /** The usable cache file of each image, with its digest. */
  readonly #settled = new Map<TrainingImage, { readonly file: string; readonly contents: string | undefined }>();
  readonly #files: ReadonlyMap<TrainingImage, string>;
  readonly #stems: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #folders = new Map<string, Promise<string>>();

  constructor(images: readonly TrainingImage[], caching: LatentCaching) {
    this.caching = caching;
    this.#files = latentFilesOf(images, caching.family);
    this.#stems = picturesByStem(images);
  }

  /** Looks for the latents of an image and remembers usable ones. vae: digest of the encoder.
   *  @throws LATENTS_UNREADABLE if the cache that replaces a missing image cannot be used */
  async find(image: TrainingImage, vae: string): Promise<FoundLatents> {
    if (this.#memory.has(image)) return { kind: "usable" };
    if (!this.caching.toDisk && image.onlyLatents === undefined) return { kind: "missing" };
    const own = image.onlyLatents ?? this.#files.get(image)!;
    const candidates = image.onlyLatents === undefined ? [legacyLatentFileOf(image.path), own] : [own];
    let first: FoundLatents | undefined;
    for (const file of candidates) {
      if ((await kindOfPath(file)) !== "file") continue;
      const found = await this.#judge(file, image, vae);
      if (found.kind === "usable") {
        this.#settled.set(image, { file, contents: found.contents });
        return found;
      }
      first ??= found;
    }
    if (image.onlyLatents !== undefined) throw useless(image.onlyLatents, first);
    return first ?? { kind: "missing" };
  }

  /** Whether a latent cache can be used for an image. Files of sd-scripts, which have no origin, are used unless older than their image.
   *  differs from sd-scripts: cached latents of another image, VAE or size are trained on, and a damaged cache ends the run.
   *  coinage: latent caches of another image, VAE or size, and damaged ones, are rebuilt.
   *  because: training on the wrong latents fails silently. */
  async #judge(file: string, image: TrainingImage, vae: string): Promise<FoundLatents> {
    if (this.caching.skipCheck) return { kind: "usable", file };
    let found: LatentFile;
    try {
      found = await readLatentFile(file, image);
    } catch (error) {
      if (error instanceof CoinageError) return { kind: "damaged", file };
      throw error;
    }
    const { cached, origin, contents } = found;
    const reason = origin ? await this.#differenceOf(origin, image, vae) : await this.#doubtOf(file, cached, image);
    if (reason !== undefined) return { kind: "outdated", file, reason };
    const shortcoming = shortcomingOf(cached, image);
    if (shortcoming !== undefined) return { kind: "outdated", file, reason: shortcoming };
    return { kind: "usable", file, isUntold: !origin, contents };
  }

  /** Why latents with an origin cannot be used; undefined if they can. */
  async #differenceOf(origin: LatentOrigin, image: TrainingImage, vae: string): Promise<string | undefined> {
    if (origin.vae !== vae) return "they are from another VAE";
    // the image no longer exists, so nothing else can be compared
    if (image.onlyLatents !== undefined) return undefined;
    if (origin.picture !== (await digestOfFile(image.path, "whole").catch(() => undefined)))
      return "they are from another image";
    return origin.settings === latentSettings(image)
      ? undefined
      : "they were made at another size or with other settings";
  }

  /** Why latents without an origin are not trusted; undefined if they are. */
  async #doubtOf(file: string, { originalSize }: CachedLatents, image: TrainingImage): Promise<string | undefined> {
    if (image.onlyLatents !== undefined) return undefined;
    if (originalSize.join("x") !== image.size.join("x")) return `they are from an image of ${originalSize.join("x")}`;
    if (image.subset.exifTranspose || image.subset.alphaBackground !== undefined)
      return "they were made without --exif_transpose and --alpha_background";
    const sharing = this.#stems.get(pathWithoutExtension(image))!;
    if (sharing.size > 1) return `they do not say which of ${sharing.size} images they are from`;
    const [picture, latents] = [await stat(image.path).catch(() => undefined), await stat(file)];
    return picture && picture.mtimeMs > latents.mtimeMs ? "they are older than their image" : undefined;
  }

  /** Keeps the latents of an image. @throws OUTPUT_UNWRITABLE */
  async put(image: TrainingImage, cached: CachedLatents, origin: LatentOrigin | undefined): Promise<void> {
    if (!origin || !(await this.mayWrite(image))) return this.#memory.set(image, cached);
    const file = this.#files.get(image)!;
    this.#settled.set(image, { file, contents: await writeLatentFile(file, cached, origin) });
  }

  /** Whether a cache may be written beside an image: only inside its subset's folder, since keys of a metadata file can point anywhere. */
  async mayWrite({ path: picture, subset: { imageDir } }: TrainingImage): Promise<boolean> {
    if (imageDir === undefined) return false;
    const [root, folder] = await Promise.all([imageDir, path.dirname(picture)].map((name) => this.#realPath(name)));
    return folder === root || folder!.startsWith(root!.endsWith(path.sep) ? root! : root! + path.sep);
  }

  #realPath(folder: string): Promise<string> {
    const known = this.#folders.get(folder) ?? realpath(folder || ".").catch(() => path.resolve(folder));
    this.#folders.set(folder, known);
    return known;
  }

  /** The cached latents of an image; undefined without any. @throws LATENTS_UNREADABLE, also if the file has changed since it was checked */
  async get(image: TrainingImage): Promise<CachedLatents | undefined> {
    const kept = this.#memory.get(image);
    if (kept) return kept;
    const { file = image.onlyLatents, contents } = this.#settled.get(image) ?? {};
    if (file === undefined) return undefined;
    const found = await readLatentFile(file, image);
    if (contents === undefined || contents === found.contents) return found.cached;
    throw new CoinageError(
      "LATENTS_UNREADABLE",
      `The latent cache ${file} was rewritten while this run was using it.`,
      {
        where: file,
        hint: "Another run with other settings shares these images: use --cache_latents instead of --cache_latents_to_disk in one of them, or copy the folder.",
      },
    );
  }
}

/** The images of a run by their path without extension. */
function picturesByStem(images: readonly TrainingImage[]): ReadonlyMap<string, ReadonlySet<string>> {
  const stems = new Map<string, Set<string>>();
  for (const image of images) {
    const stem = pathWithoutExtension(image);
    stems.set(stem, (stems.get(stem) ?? new Set()).add(path.resolve(image.path)));
  }
  return stems;
}

function pathWithoutExtension(image: TrainingImage): string {
  return path.resolve(withoutExtension(image.path));
}

function useless(file: string, found: FoundLatents | undefined): CoinageError {
  const reason = found && "reason" in found ? found.reason : "it cannot be read";
  return new CoinageError(
    "LATENTS_UNREADABLE",
    `The latent cache ${file} replaces an image that no longer exists, but ${reason}.`,
    {
      where: file,
      hint: "Restore the image, or remove it from the metadata.",
    },
  );
}

interface Kept extends Omit<CachedLatents, "alphaMask"> {
  readonly mask?: PackedMask;
}

/** Latents of images, in memory. Masks are compressed: as floats they would take more than sixteen times the memory of the latents. */
class LatentMemory {
  readonly #kept = new Map<TrainingImage, Kept>();

  has(image: TrainingImage): boolean {
    return this.#kept.has(image);
  }

  get(image: TrainingImage): CachedLatents | undefined {
    const kept = this.#kept.get(image);
    if (!kept) return undefined;
    const { mask, ...latents } = kept;
    return { ...latents, ...(mask && { alphaMask: unpacked(mask) }) };
  }

  set(image: TrainingImage, { alphaMask, ...latents }: CachedLatents): void {
    this.#kept.set(image, { ...latents, ...(alphaMask && { mask: packed(alphaMask) }) });
  }
}

interface PackedMask {
  readonly shape: readonly number[];
  /** A byte per place, deflated: most masks are large areas of one value. */
  readonly bytes: Uint8Array;
}

function packed({ shape, data }: NdArray<Float32Array>): PackedMask {
  const bytes = Uint8Array.from(data, (value) => Math.round(value * 255));
  return { shape, bytes: deflateRawSync(bytes, { level: 1 }) };
}

function unpacked({ shape, bytes }: PackedMask): NdArray<Float32Array> {
  const [height, width] = shape as [number, number];
  return channelToFloats({ width, height, channels: 1, data: inflateRawSync(bytes) }, 0);
}
