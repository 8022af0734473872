import type { NdArray } from "../../array/index.ts";
import { formatNpy, parseNpy } from "./npy.ts";
import { readZip, writeZip } from "./zip.ts";

export { formatNpy, parseNpy } from "./npy.ts";

/** The arrays of an .npz file as .npy files, by name; `parseNpy` reads them. @throws NPZ_INVALID */
export function openNpz(file: Uint8Array): Map<string, Uint8Array> {
  return new Map([...readZip(file)].map(([name, data]) => [name.replace(/\.npy$/, ""), data]));
}

/** An .npz file as `numpy.savez` lays it out. Arrays that are .npy files already are taken over as they are. */
export function writeNpz(arrays: ReadonlyMap<string, NdArray | Uint8Array>): Uint8Array {
  return writeZip(
    new Map(
      [...arrays].map(([name, array]) => [`${name}.npy`, array instanceof Uint8Array ? array : formatNpy(array)]),
    ),
  );
}

/** One array of an opened .npz file. */
export function readNpzArray(arrays: ReadonlyMap<string, Uint8Array>, name: string): NdArray | undefined {
  const file = arrays.get(name);
  return file && parseNpy(file);
}
