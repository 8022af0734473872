import { bytesOf, dtypeBytes, type NdArray } from "../../array/index.ts";
import { writeZip } from "../zip/index.ts";
import { opcodes } from "./opcodes.ts";
import { storageClassDTypes } from "./values.ts";

/** Contents of a file for other programs: text, whole numbers, None, dicts with text keys, tensors. */
export type TorchInput = string | number | boolean | null | NdArray | { readonly [key: string]: TorchInput };

/** The bytes of torch.save(value), within what the strictest readers allow: protocol 2, only `data.pkl`, `data/N` and `version` in the
 *  archive, storages on the cpu. folder: the archive's top folder, by convention the file's stem. Source: PyTorch, torch/serialization.py, `_save`. */
export function writeTorchFile(value: TorchInput, folder = "archive"): Uint8Array {
  const pickle = new PickleWriter();
  const bytes = pickle.whole(value);
  const text = new TextEncoder();
  return writeZip([
    { name: `${folder}/data.pkl`, bytes },
    ...pickle.tensors.map(({ data }, i) => ({
      name: `${folder}/data/${i}`,
      bytes: bytesOf(data),
    })),
    { name: `${folder}/version`, bytes: text.encode("3\n") },
  ]);
}

const storageClasses = new Map(Object.entries(storageClassDTypes).map(([name, dtype]) => [dtype, name]));

/** Writes one pickle, collecting the tensors it refers to in order of their storage keys. */
class PickleWriter {
  readonly tensors: NdArray[] = [];
  readonly #bytes: number[] = [];

  whole(value: TorchInput): Uint8Array {
    this.#op(opcodes.PROTO, 2);
    this.#value(value);
    this.#op(opcodes.STOP);
    return Uint8Array.from(this.#bytes);
  }

  #value(value: TorchInput): void {
    if (value === null) this.#op(opcodes.NONE);
    else if (typeof value === "boolean") this.#op(value ? opcodes.NEWTRUE : opcodes.NEWFALSE);
    else if (typeof value === "number") this.#integer(value);
    else if (typeof value === "string") this.#text(value);
    else if (isArray(value)) this.#tensor(value);
    else this.#dict(value);
  }

  #dict(entries: { readonly [key: string]: TorchInput }): void {
    this.#op(opcodes.EMPTY_DICT, opcodes.MARK);
    for (const [key, value] of Object.entries(entries)) {
      this.#text(key);
      this.#value(value);
    }
    this.#op(opcodes.SETITEMS);
  }

  #tensor(tensor: NdArray): void {
    this.#global("torch._utils", "_rebuild_tensor_v2");
    this.#op(opcodes.MARK, opcodes.MARK);
    this.#text("storage");
    this.#global("torch", storageClasses.get(tensor.dtype)!);
    this.#text(String(this.tensors.length));
    this.#text("cpu");
    this.#integer(tensor.data.byteLength / dtypeBytes[tensor.dtype]);
    this.#op(opcodes.TUPLE, opcodes.BINPERSID);
    this.#integer(0);
    this.#tuple(tensor.shape);
    this.#tuple(
      tensor.shape.map((_, axis) => tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1)),
    );
    this.#op(opcodes.NEWFALSE);
    this.#global("collections", "OrderedDict");
    this.#op(opcodes.EMPTY_TUPLE, opcodes.REDUCE, opcodes.TUPLE, opcodes.REDUCE);
    this.tensors.push(tensor);
  }

  #tuple(sizes: readonly number[]): void {
    this.#op(opcodes.MARK);
    for (const size of sizes) this.#integer(size);
    this.#op(opcodes.TUPLE);
  }

  #integer(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value < 256) this.#op(opcodes.BININT1, value);
    else if (value === (value | 0)) this.#op(opcodes.BININT, ...littleEndian(value));
    else throw new RangeError(`${value} is not a 32-bit integer`);
  }

  #text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#op(opcodes.BINUNICODE, ...littleEndian(bytes.length), ...bytes);
  }

  #global(module: string, name: string): void {
    this.#op(opcodes.GLOBAL, ...new TextEncoder().encode(`${module}\n${name}\n`));
  }

  #op(...bytes: readonly number[]): void {
    this.#bytes.push(...bytes);
  }
}

function littleEndian(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}

function isArray(value: Exclude<TorchInput, null | string | number | boolean>): value is NdArray {
  return "dtype" in value && "data" in value && ArrayBuffer.isView(value.data);
}
