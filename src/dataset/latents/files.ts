import { createHash } from "node:crypto";
import { type NdArray, toFloat32 } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { readRegularFile, reasonOf, writeFileAtomically } from "../../files/index.ts";
import { formatNpy, openNpz, parseNpy, writeNpz } from "../../formats/npz/index.ts";
import type { Size } from "../../pictures/index.ts";
import { type CropBox, cropBoxOf } from "../buckets/resolutions.ts";
import type { TrainingImage } from "../images/training-image.ts";
import { decodeOrigin, encodeOrigin, type LatentOrigin, originArray } from "./origin.ts";

/** The cached result of encoding an image. */
export interface CachedLatents {
  /** [4, H/8, W/8], one sample of the distribution, unscaled. */
  readonly latents: NdArray<Float32Array>;
  /** A separate sample, of the mirrored image. */
  readonly flipped?: NdArray<Float32Array>;
  /** [H, W] in 0..1. */
  readonly alphaMask?: NdArray<Float32Array>;
  /** Size of the image file. */
  readonly originalSize: Size;
  readonly cropBox: CropBox;
}

/** A latent cache as read from its file. */
export interface LatentFile {
  readonly cached: CachedLatents;
  /** What it was made from, if the file says so. */
  readonly origin: LatentOrigin | undefined;
  /** Digest of the arrays that training uses. */
  readonly contents: string;
}

const ownArrays = ["latents", "latents_flipped", "alpha_mask", "original_size", "crop_ltrb"] as const;

/** The latents in a file. @throws LATENTS_UNREADABLE if it is damaged or has none */
export async function readLatentFile(file: string, image: TrainingImage): Promise<LatentFile> {
  try {
    const arrays = openNpz(await readArrays(file));
    const contents = contentsOf(arrays);
    const origin = arrays.get(originArray);
    return {
      cached: latentsIn(arrays, image),
      origin: origin && decodeOrigin(parseNpy(origin), contents),
      contents,
    };
  } catch (cause) {
    const isRead = !(cause instanceof CoinageError && cause.code === "LATENTS_UNREADABLE");
    const isGone = !isRead && reasonOf(cause.cause) === "ENOENT";
    const message = isRead ? `The latent cache ${file} cannot be read (it is damaged).` : cause.message;
    throw new CoinageError("LATENTS_UNREADABLE", message, {
      hint:
        image.onlyLatents === undefined
          ? `${isGone ? "T" : "Delete it: t"}he next run makes it anew from the picture, also one that goes on from a state.`
          : "It replaces an image that no longer exists: restore one of the two.",
      cause,
    });
  }
}

function readArrays(file: string): Promise<Uint8Array> {
  return readRegularFile(file, "npzFile", { code: "LATENTS_UNREADABLE", subject: `The latent cache ${file}` });
}

function latentsIn(arrays: ReadonlyMap<string, Uint8Array>, image: TrainingImage): CachedLatents {
  const read = (name: (typeof ownArrays)[number]) => {
    const file = arrays.get(name);
    return file && parseNpy(file);
  };
  const floats = (array: NdArray | undefined) => array && toFloat32(array);
  const numbers = (array: NdArray | undefined, count: number) =>
    array?.data.length === count ? Array.from(array.data, Number) : undefined;
  const flipped = floats(read("latents_flipped"));
  const alphaMask = image.subset.alphaMask ? floats(read("alpha_mask")) : undefined;
  const size = numbers(read("original_size"), 2) ?? image.size;
  const box = numbers(read("crop_ltrb"), 4) ?? cropBoxOf(image.bucket, image.size);
  return {
    latents: floats(read("latents")) ?? emptyLatents,
    ...(flipped && { flipped }),
    // a mask is ignored unless alpha masks are on; sd-scripts always applies it
    ...(alphaMask && { alphaMask }),
    originalSize: [size[0]!, size[1]!],
    cropBox: [box[0]!, box[1]!, box[2]!, box[3]!],
  };
}

const emptyLatents: NdArray<Float32Array> = { dtype: "float32", shape: [0], data: new Float32Array(0) };

function contentsOf(arrays: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash("sha256");
  for (const name of ownArrays) {
    const array = arrays.get(name);
    if (array) hash.update(`${name} ${array.length}\n`).update(array);
  }
  return hash.digest("hex");
}

/** Why latents are unusable for an image; undefined if they are usable. */
export function shortcomingOf(
  { latents, flipped, alphaMask }: CachedLatents,
  { bucket, subset }: TrainingImage,
): string | undefined {
  const wanted = `4x${Math.floor(bucket[1] / 8)}x${Math.floor(bucket[0] / 8)}`;
  if (latents.shape.join("x") !== wanted) return `they are ${latents.shape.join("x")}, not ${wanted}`;
  if (subset.flipAug && flipped?.shape.join("x") !== wanted) return "those of the mirrored image are missing";
  if (subset.alphaMask && alphaMask?.shape.join("x") !== `${bucket[1]}x${bucket[0]}`)
    return "their alpha mask is missing";
  return undefined;
}

/** Writes latents with their origin, keeping other programs' arrays in the file. Returns the digest of the contents. @throws OUTPUT_UNWRITABLE */
export async function writeLatentFile(file: string, cached: CachedLatents, origin: LatentOrigin): Promise<string> {
  const { latents, flipped, alphaMask, originalSize, cropBox } = cached;
  const arrays = await foreignArrays(file);
  arrays.set("latents", formatNpy(latents));
  if (flipped) arrays.set("latents_flipped", formatNpy(flipped));
  if (alphaMask) arrays.set("alpha_mask", formatNpy(alphaMask));
  const size = BigInt64Array.from(originalSize, BigInt);
  arrays.set("original_size", formatNpy({ dtype: "int64", shape: [2], data: size }));
  arrays.set("crop_ltrb", formatNpy({ dtype: "float64", shape: [4], data: Float64Array.from(cropBox) }));
  const contents = contentsOf(arrays);
  arrays.set(originArray, formatNpy(encodeOrigin(origin, contents)));
  try {
    await writeFileAtomically(file, writeNpz(arrays));
  } catch (cause) {
    if (!(cause instanceof CoinageError)) throw cause;
    throw new CoinageError(cause.code, cause.message, {
      where: file,
      hint: "Use --cache_latents instead of --cache_latents_to_disk to keep latents in memory, or make the folder writable and free some disk space.",
      cause,
    });
  }
  return contents;
}

async function foreignArrays(file: string): Promise<Map<string, Uint8Array>> {
  try {
    const arrays = openNpz(await readArrays(file));
    for (const name of [...ownArrays, originArray]) arrays.delete(name);
    return arrays;
  } catch {
    return new Map();
  }
}
