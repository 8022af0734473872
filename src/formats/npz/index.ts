import { crc32 } from "node:zlib";
import { type ByteSource, dataViewOn, inMemory, type NdArray } from "../../array/index.ts";
import { Budget } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { openZip, writeZip } from "../zip/index.ts";
import { formatNpy, parseNpy } from "./npy.ts";

export { formatNpy, parseNpy } from "./npy.ts";

/** Whether a file is a zip archive of .npy files. */
export function isNpz(source: ByteSource): boolean {
  if (source.size < 4 || dataViewOn(source.read(0, 4)).getUint32(0) !== 0x504b0304) return false;
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
  const unpacked = new Budget("npzUnpacked", { code: "NPZ_INVALID", subject: "The .npz file" });
  return new Map(
    [...zip.entries].map(([name, entry]) => {
      // What is stored as it is lies in the file already, each member in a place of its own.
      if (entry.method !== 0) unpacked.spend(entry.size);
      const bytes = zip.read(entry, entry.size);
      if (crc32(bytes) !== entry.crc32) throw unreadable(`its array "${name}" is damaged`);
      return [name.replace(/\.npy$/, ""), bytes];
    }),
  );
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
