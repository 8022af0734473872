import { type ByteSource, dataViewOn } from "../../array/index.ts";
import { type Budget, limits } from "../../budget/index.ts";
import { resolveGlobal } from "./globals.ts";
import { PickleReader } from "./pickle-reader.ts";
import { damaged, memoryBudget, pickleBudget } from "./problems.ts";
import { naturalNumber, parseStorageId, type StorageId } from "./tensors.ts";
import { unpickle } from "./unpickle.ts";
import { isList, isMap, type PickleValue, type TorchStorage } from "./values.ts";

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001n;

/** The object in a file of torch.save before 1.6: five pickles, then the storages. Source: PyTorch, torch/serialization.py, `_legacy_load`.
 *  @throws TORCH_FILE_INVALID, PICKLE_REFUSED */
export function readLegacyContainer(source: ByteSource): PickleValue {
  const reader = new PickleReader(source.read(0, Math.min(source.size, limits.pickleBytes.max)));
  const steps = pickleBudget();
  const run = (loadPersistent: (id: PickleValue) => PickleValue = refusePersistent) =>
    unpickle(reader, { resolve: resolveGlobal, loadPersistent }, steps);
  if (run() !== magicNumber) throw damaged("it is a pickle that torch.save did not write");
  if (run() !== protocolVersion) throw damaged("it is of an unknown version of torch.save");
  const system = run();
  if (!isMap(system) || system.get("little_endian") !== true) throw damaged("its numbers are big-endian");

  const bases = new Map<string, StorageId>();
  const offsets = new Map<string, number>();
  const memory = memoryBudget(source.size);
  const value = run((id) => legacyStorage(id, bases, offsets, memory));
  const keys = storageKeys(run());
  locateStorages(source, reader.position, keys, bases, offsets);
  return value;
}

function refusePersistent(): PickleValue {
  throw damaged("its head refers to a storage");
}

/** A storage whose place is known once the pickles have been read. With view data it is a view of its base. */
function legacyStorage(
  id: PickleValue,
  bases: Map<string, StorageId>,
  offsets: ReadonlyMap<string, number>,
  memory: Budget,
): TorchStorage {
  const base = parseStorageId(id);
  const { key, dtype } = base;
  const known = bases.get(key);
  if (known && (known.dtype !== dtype || known.count !== base.count))
    throw damaged(`storage ${key} is described in two ways`);
  bases.set(key, base);
  const [first, count] = base.view === undefined || base.view === null ? [0, base.count] : windowOf(base);
  const place = () => ({ offset: offsets.get(key)! + first * (dtype?.bytes ?? 1) });
  return { kind: "storage", key, dtype, count, place, memory };
}

function windowOf({ key, count, view }: StorageId): [number, number] {
  if (!isList(view!)) throw damaged(`storage ${key} has an unreadable window`);
  const first = naturalNumber(view[1], `the start of a window on storage ${key}`);
  const length = naturalNumber(view[2], `the length of a window on storage ${key}`);
  if (first + length > count) throw damaged(`a window on storage ${key} reaches past its end`);
  return [first, length];
}

function storageKeys(value: PickleValue): string[] {
  if (!isList(value) || !value.every((key) => typeof key === "string"))
    throw damaged("its list of storages is unreadable");
  return [...value] as string[];
}

/** After the pickles: for each key the number of elements in eight bytes, then the elements. */
function locateStorages(
  source: ByteSource,
  start: number,
  keys: readonly string[],
  bases: ReadonlyMap<string, StorageId>,
  offsets: Map<string, number>,
): void {
  let position = start;
  for (const key of keys) {
    const base = bases.get(key);
    if (!base || offsets.has(key)) throw damaged(`its list of storages names ${key}, which is not used or named twice`);
    if (position + 8 + base.bytes > source.size) throw damaged(`storage ${key} is truncated`);
    const stored = dataViewOn(source.read(position, 8)).getBigInt64(0, true);
    if (stored !== BigInt(base.count)) throw damaged(`storage ${key} has ${stored} elements instead of ${base.count}`);
    offsets.set(key, position + 8);
    position += 8 + base.bytes;
  }
  for (const key of bases.keys()) if (!offsets.has(key)) throw damaged(`storage ${key} is missing`);
}
