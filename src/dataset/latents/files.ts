import { readFile } from "node:fs/promises";
import { type NdArray, toFloat32 } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { kindOfPath, writeFileAtomically } from "../../files/index.ts";
import { openNpz, readNpzArray, writeNpz } from "../../formats/npz/index.ts";
import { cropBoxOf } from "../buckets/crop-box.ts";
import type { TrainingImage } from "../images/training-image.ts";
import type { CachedLatents } from "./cached.ts";
import { type LatentFamily, latentFileOf, legacyLatentFileOf } from "./names.ts";

/** The file that holds, or will hold, the latents of a picture: that of old versions if it is there. */
export async function latentFileFor(image: TrainingImage, family: LatentFamily): Promise<string> {
  if (image.onlyLatents !== undefined) return image.onlyLatents;
  const legacy = legacyLatentFileOf(image.path);
  return (await kindOfPath(legacy)) === "file" ? legacy : latentFileOf(image.path, image.size, family);
}

/** Whether a file holds everything that training needs of a picture, in the size of its bucket.
 *  differs from sd-scripts: sizes are compared, there latents of other bucket settings are taken; and a damaged file is made anew, there it ends the run. */
export async function stateOfLatents(
  file: string,
  image: TrainingImage,
  skipCheck: boolean,
): Promise<"usable" | "unfit" | "damaged"> {
  if ((await kindOfPath(file)) !== "file") return "unfit";
  if (skipCheck) return "usable";
  try {
    return shortcomingOf(await readLatents(file, image), image) === undefined ? "usable" : "unfit";
  } catch (error) {
    if (error instanceof CoinageError) return "damaged";
    throw error;
  }
}

/** The latents in a file. @throws LATENTS_UNREADABLE when it is damaged or holds none */
export async function readLatents(file: string, image: TrainingImage): Promise<CachedLatents> {
  const arrays = await openFile(file);
  const read = (name: string): NdArray | undefined => {
    try {
      return readNpzArray(arrays, name);
    } catch (cause) {
      throw unreadable(file, cause);
    }
  };
  const numbers = (name: string, count: number): number[] | undefined =>
    optional(read(name), ({ data }) => (data.length === count ? Array.from(data, Number) : undefined));
  const latents = optional(read("latents"), toFloat32) ?? emptyLatents;
  const flipped = optional(read("latents_flipped"), toFloat32);
  const alphaMask = image.subset.alphaMask ? optional(read("alpha_mask"), toFloat32) : undefined;
  const size = numbers("original_size", 2) ?? image.size;
  const box = numbers("crop_ltrb", 4) ?? cropBoxOf(image.bucket, image.size);
  return {
    latents,
    ...(flipped && { flipped }),
    // A mask is ignored unless alpha masks are on. sd-scripts applies it whenever it is there.
    ...(alphaMask && { alphaMask }),
    originalSize: [size[0]!, size[1]!],
    cropBox: [box[0]!, box[1]!, box[2]!, box[3]!],
  };
}

/** What latents lack to train on a picture, or undefined. */
export function shortcomingOf(
  { latents, flipped, alphaMask }: CachedLatents,
  { bucket, subset }: TrainingImage,
): string | undefined {
  const wanted = `4x${Math.floor(bucket[1] / 8)}x${Math.floor(bucket[0] / 8)}`;
  if (latents.shape.join("x") !== wanted) return `they are ${latents.shape.join("x")}, not ${wanted}`;
  if (subset.flipAug && flipped?.shape.join("x") !== wanted) return "those of the mirrored picture are missing";
  if (subset.alphaMask && alphaMask?.shape.join("x") !== `${bucket[1]}x${bucket[0]}`)
    return "their alpha mask is missing";
  return undefined;
}

/** Writes latents, keeping other arrays that the file holds if it can be read. @throws OUTPUT_UNWRITABLE */
export async function writeLatents(file: string, cached: CachedLatents): Promise<void> {
  const others = await openFile(file).catch(() => new Map<string, Uint8Array>());
  const size = BigInt64Array.from(cached.originalSize, BigInt);
  const arrays = new Map<string, NdArray | Uint8Array>(others)
    .set("latents", cached.latents)
    .set("original_size", { dtype: "int64", shape: [2], data: size })
    .set("crop_ltrb", { dtype: "float64", shape: [4], data: Float64Array.from(cached.cropBox) });
  if (cached.flipped) arrays.set("latents_flipped", cached.flipped);
  if (cached.alphaMask) arrays.set("alpha_mask", cached.alphaMask);
  await writeFileAtomically(file, writeNpz(arrays));
}

const emptyLatents: NdArray<Float32Array> = { dtype: "float32", shape: [0], data: new Float32Array(0) };

async function openFile(file: string): Promise<Map<string, Uint8Array>> {
  try {
    return openNpz(await readFile(file));
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): CoinageError {
  return new CoinageError("LATENTS_UNREADABLE", `The latent cache ${file} cannot be read.`, {
    where: file,
    hint: "Delete it; it is made anew from the picture.",
    cause,
  });
}

function optional<Value, Result>(value: Value | undefined, read: (value: Value) => Result): Result | undefined {
  return value === undefined ? undefined : read(value);
}
