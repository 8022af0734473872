import { type ByteSource, dataViewOn, type StoredArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { parseSafetensorsHeader, storedDtypes } from "../formats/safetensors/index.ts";
import { isMap, isTensor, type PickleMap, readTorchFile, storedTensor } from "../formats/torch/index.ts";
import { kindBytes, kindOf } from "../pictures/index.ts";
import { withOpenFile } from "./stored.ts";

/** The contents of a weight file, with the file's names. */
export interface WeightFile {
  readonly container: Container;
  readonly tensors: ReadonlyMap<string, StoredArray>;
  /** Tensors of dtypes that arrays cannot hold (float8 and the like): name -> dtype. They are an error only if needed. */
  readonly unusable: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Training steps, if the training program saved them with the weights. */
  readonly globalStep: number | undefined;
}

export type Container = "safetensors" | "torch-zip" | "torch-legacy";

/** The tensors of a weight file of any kind: their places, not their values.
 *  @throws FILE_NOT_FOUND, FILE_UNREADABLE, SAFETENSORS_INVALID, TORCH_FILE_INVALID, PICKLE_REFUSED, CHECKPOINT_UNREADABLE */
export function readWeightFile(file: string): WeightFile {
  return withOpenFile(file, (open) => {
    const container = containerOf(open);
    if (container === "safetensors") return readSafetensorsFile(open);
    if (container) return readTorchWeights(open);
    const kind = foreignKind(open);
    if (kind) throw new CoinageError("CHECKPOINT_UNREADABLE", `${open.path} is ${kind}.`, { hint: hintOfForeign });
    throw new CoinageError("CHECKPOINT_UNREADABLE", `${open.path} is neither a .safetensors nor a PyTorch file.`);
  });
}

/** The kind of a weight file, detected from its first bytes; its extension decides only if they do not. */
export function containerOf(file: ByteSource): Container | undefined {
  const start = file.read(0, Math.min(9, file.size));
  const isSafetensors = start.length === 9 && start[8] === 0x7b && headerFits(start, file.size);
  if (isSafetensors) return "safetensors";
  if (start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4) return "torch-zip";
  if (start[0] === 0x80) return "torch-legacy";
  return file.path.toLowerCase().endsWith(".safetensors") && !foreignKind(file) ? "safetensors" : undefined;
}

/** What a file that holds no weights is, if its kind is known: "a web page", which is what downloads that need a login give. */
export function foreignKind(file: ByteSource): string | undefined {
  return kindOf(file.read(0, Math.min(kindBytes, file.size)))?.name;
}

export const hintOfForeign = "Get the file itself: a download may need a login, or another link.";

function headerFits(start: Uint8Array, size: number): boolean {
  return dataViewOn(start).getBigUint64(0, true) + 8n <= BigInt(size);
}

/** The tensors of an open .safetensors file. @throws SAFETENSORS_INVALID, CHECKPOINT_UNREADABLE */
export function readSafetensorsFile(file: ByteSource): WeightFile {
  const header = parseSafetensorsHeader(file);
  const tensors = new Map<string, StoredArray>();
  const unusable = new Map<string, string>();
  for (const [name, { dtype, shape, offset, length }] of header.tensors) {
    const known = storedDtypes[dtype];
    if (known) tensors.set(name, { dtype: known, shape, bytes: { file: file.path, offset, length } });
    else unusable.set(name, dtype);
  }
  return { container: "safetensors", tensors, unusable, metadata: header.metadata, globalStep: undefined };
}

/** The weights: the file's dict, or the dict under its key `state_dict`. Tensors that are not contiguous are gathered in memory. */
function readTorchWeights(file: ByteSource): WeightFile {
  const { container, value } = readTorchFile(file);
  if (!isMap(value)) throw new CoinageError("CHECKPOINT_UNREADABLE", `${file.path} holds no dictionary of weights.`);
  const inner = value.get("state_dict");
  const weights: PickleMap = isMap(inner) ? inner : value;
  const tensors = new Map<string, StoredArray>();
  const unusable = new Map<string, string>();
  for (const [name, tensor] of weights) {
    if (typeof name !== "string" || !isTensor(tensor)) continue;
    if (tensor.dtype.dtype) tensors.set(name, storedTensor(file, tensor, tensor.dtype.dtype));
    else unusable.set(name, tensor.dtype.name);
  }
  const steps = value.get("global_step");
  const globalStep = typeof steps === "bigint" ? Number(steps) : undefined;
  return { container: `torch-${container}`, tensors, unusable, metadata: {}, globalStep };
}
