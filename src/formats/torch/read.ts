import type { ByteSource } from "../../array/index.ts";
import { type Budget, limits } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { openZip, type ZipArchive, type ZipEntry } from "../zip/index.ts";
import { resolveGlobal } from "./globals.ts";
import { PickleReader } from "./pickle-reader.ts";
import { damaged, memoryBudget, pickleBudget } from "./problems.ts";
import { readLegacyContainer } from "./read-legacy.ts";
import { parseStorageId } from "./tensors.ts";
import { unpickle } from "./unpickle.ts";
import type { PickleValue, StoragePlace, TorchStorage } from "./values.ts";

export interface TorchFile {
  readonly container: "zip" | "legacy";
  readonly value: PickleValue;
}

/** The object in a file of torch.save, with its tensors as views of the file. Only data is built, by a closed list of names;
 *  a file that names anything else is refused as a whole. Sizes are checked before anything is allocated.
 *  @throws PICKLE_REFUSED with the name that was refused; TORCH_FILE_INVALID */
export function readTorchFile(source: ByteSource): TorchFile {
  try {
    const start = source.read(0, Math.min(4, source.size));
    if (start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4)
      return { container: "zip", value: readZipContainer(source) };
    if (start[0] === 0x80) return { container: "legacy", value: readLegacyContainer(source) };
    throw damaged(source.size === 0 ? "it is empty" : "it is neither a zip archive nor a pickle");
  } catch (error) {
    if (!(error instanceof CoinageError) || error.where !== undefined) throw error;
    throw new CoinageError(error.code, error.message, {
      where: source.path,
      cause: error.cause ?? error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

/** The object in a zip archive of torch.save (1.6 and later). Source: PyTorch, torch/serialization.py, `_load`. @throws TORCH_FILE_INVALID, PICKLE_REFUSED */
function readZipContainer(source: ByteSource): PickleValue {
  const zip = openZip(source, damaged);
  const { entries } = zip;
  const folder = topFolder(entries);
  refuseScripts(entries, folder);
  refuseBigEndian(zip, entries.get(`${folder}byteorder`));
  const pickle = zip.read(entries.get(`${folder}data.pkl`)!, limits.pickleBytes.max);
  const memory = memoryBudget(source.size);
  const storages = new Map<string, TorchStorage>();
  const loadPersistent = (id: PickleValue) => {
    const { key, dtype, count, bytes } = parseStorageId(id);
    const known = storages.get(key);
    if (known && known.dtype === dtype && known.count === count) return known;
    const place = placeOf(zip, entries.get(`${folder}data/${key}`), key, bytes, memory);
    const storage: TorchStorage = { kind: "storage", key, dtype, count, place, memory };
    storages.set(key, storage);
    return storage;
  };
  return unpickle(new PickleReader(pickle), { resolve: resolveGlobal, loadPersistent }, pickleBudget());
}

/** The name, with its slash, of the top folder that all entries share; it is arbitrary. */
function topFolder(entries: ReadonlyMap<string, ZipEntry>): string {
  const folders = [...entries.keys()].filter((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (folders.length === 0) throw damaged("its zip archive has no data.pkl");
  if (folders.length > 1) throw damaged("its zip archive has more than one data.pkl");
  return folders[0]!.slice(0, -"data.pkl".length);
}

function refuseScripts(entries: ReadonlyMap<string, ZipEntry>, folder: string): void {
  const isScript = [...entries.keys()].some(
    (name) => name === `${folder}constants.pkl` || name.startsWith(`${folder}code/`),
  );
  if (isScript) throw damaged("it is a TorchScript program");
}

function refuseBigEndian(zip: ZipArchive, entry: ZipEntry | undefined): void {
  if (entry && new TextDecoder().decode(zip.read(entry, 64)).trim() !== "little")
    throw damaged("its numbers are big-endian");
}

/** The place of an entry, checked at once; a deflated one is unpacked on demand. */
function placeOf(
  zip: ZipArchive,
  entry: ZipEntry | undefined,
  key: string,
  bytes: number,
  memory: Budget,
): () => StoragePlace {
  if (!entry) throw damaged(`storage ${key} is missing`);
  if (entry.size < bytes) throw damaged(`storage ${key} has ${entry.size} bytes instead of ${bytes}`);
  const { offset } = zip.region(entry);
  if (entry.method === 0) return () => ({ offset });
  let unpacked: Uint8Array | undefined;
  return () => {
    if (!unpacked) {
      memory.spend(entry.size);
      unpacked = zip.read(entry, entry.size);
    }
    return { bytes: unpacked };
  };
}
