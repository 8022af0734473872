import { type ByteSource, inMemory, type NdArray } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { openZip, writeZip } from "../zip/index.ts";
import { formatNpy, parseNpy } from "./npy.ts";

export { formatNpy, parseNpy } from "./npy.ts";

/** Latents of the largest pictures take a few MiB. */
const maxArrayBytes = 1024 * 1024 * 1024;

/** Whether a file is a zip archive of .npy files. */
export function isNpz(source: ByteSource): boolean {
  if (source.size < 4 || new DataView(source.read(0, 4).slice().buffer).getUint32(0) !== 0x504b0304) return false;
  try {
    return [...openZip(source, unreadable).entries.keys()].some((name) => name.endsWith(".npy"));
  } catch (error) {
    if (error instanceof CoinageError) return false;
    throw error;
  }
}

/** The arrays of an .npz file as .npy files, by name; `parseNpy` reads them. @throws NPZ_INVALID */
export function openNpz(file: Uint8Array): Map<string, Uint8Array> {
  const zip = openZip(inMemory(file, "the .npz file"), unreadable);
  return new Map([...zip.entries].map(([name, entry]) => [name.replace(/\.npy$/, ""), zip.read(entry, maxArrayBytes)]));
}

/** An .npz file as `numpy.savez` names its members. Arrays that are .npy files already are taken over as they are. */
export function writeNpz(arrays: ReadonlyMap<string, NdArray | Uint8Array>): Uint8Array {
  return writeZip(
    [...arrays].map(([name, array]) => ({
      name: `${name}.npy`,
      bytes: array instanceof Uint8Array ? array : formatNpy(array),
    })),
  );
}

/** One array of an opened .npz file. */
export function readNpzArray(arrays: ReadonlyMap<string, Uint8Array>, name: string): NdArray | undefined {
  const file = arrays.get(name);
  return file && parseNpy(file);
}

function unreadable(what: string, cause?: unknown): CoinageError {
  return new CoinageError("NPZ_INVALID", `The .npz file cannot be read: ${what}.`, { cause });
}
