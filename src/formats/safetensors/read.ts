import { inMemory, type NdArray, typedArrayOn } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { storedDtypes } from "./dtypes.ts";
import { parseSafetensorsHeader, type SafetensorsEntry, type SafetensorsHeader } from "./header.ts";

/** Header and bytes of a whole file in memory. @throws SAFETENSORS_INVALID */
export function parseSafetensors(bytes: Uint8Array, name = "the file"): SafetensorsHeader {
  return parseSafetensorsHeader(inMemory(bytes, name));
}

/** One tensor out of the bytes of a whole file, copied. @throws SAFETENSORS_INVALID for a dtype that arrays here cannot hold. */
export function readTensor(bytes: Uint8Array, entry: SafetensorsEntry): NdArray {
  const dtype = storedDtypes[entry.dtype];
  if (!dtype) throw new CoinageError("SAFETENSORS_INVALID", `Tensors of dtype ${entry.dtype} are not supported.`);
  const copy = new Uint8Array(bytes.subarray(entry.offset, entry.offset + entry.length));
  return { dtype, shape: entry.shape, data: typedArrayOn(dtype, copy) };
}
