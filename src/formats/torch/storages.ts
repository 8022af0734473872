import { damaged } from "./problems.ts";
import { naturalNumber } from "./tensors.ts";
import { isGlobal, isList, type PickleValue, type TorchDType } from "./values.ts";

/** A persistent id: ("storage", class, key, location, count [, view]). */
export interface StorageId {
  readonly key: string;
  /** undefined: untyped, counted in bytes. */
  readonly dtype: TorchDType | undefined;
  readonly count: number;
  /** Bytes that `count` elements take. */
  readonly bytes: number;
  readonly view: PickleValue | undefined;
}

/** Reads a persistent id; where the storage once lay (cpu, cuda:0) is passed over. @throws TORCH_FILE_INVALID */
export function parseStorageId(id: PickleValue): StorageId {
  if (!isList(id) || id[0] !== "storage" || id.length < 5)
    throw damaged("its pickle refers to something that is no storage");
  const [, storageClass, key, , numel, view] = id;
  if (!isGlobal(storageClass) || !storageClass.isStorageClass) throw damaged("a storage of no known class");
  if (typeof key !== "string" || !/^\w+$/.test(key)) throw damaged("a storage whose key is no plain name");
  const count = naturalNumber(numel, `the length of storage ${key}`);
  const bytes = count * (storageClass.dtype?.bytes ?? 1);
  return { key, dtype: storageClass.dtype, count, bytes, view };
}
