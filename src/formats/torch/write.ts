import { bytesOf, type DType, dtypeBytes, type NdArray } from "../../array/index.ts";
import { writeZip } from "../zip/index.ts";

/** What a file for other programs is made of: text, whole numbers, None, dicts with text keys, tensors. */
export type TorchInput = string | number | boolean | null | NdArray | { readonly [key: string]: TorchInput };

/** The bytes of torch.save(value). Stays inside what the strictest readers allow: protocol 2, only `data.pkl`, `data/N` and `version` in the
 *  archive, storages on the cpu. folder: the archive's top folder, by custom the file's stem. Source: checkpoints.md sections 7.4 and 7.6. */
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

const storageClasses: Readonly<Record<DType, string>> = {
  float64: "DoubleStorage",
  float32: "FloatStorage",
  float16: "HalfStorage",
  bfloat16: "BFloat16Storage",
  int64: "LongStorage",
  int32: "IntStorage",
  int16: "ShortStorage",
  int8: "CharStorage",
  uint8: "ByteStorage",
  bool: "BoolStorage",
};

/** Writes one pickle, collecting the tensors it refers to in order of their storage keys. */
class PickleWriter {
  readonly tensors: NdArray[] = [];
  readonly #bytes: number[] = [];

  whole(value: TorchInput): Uint8Array {
    this.#op(0x80, 2);
    this.#value(value);
    this.#op(0x2e);
    return Uint8Array.from(this.#bytes);
  }

  #value(value: TorchInput): void {
    if (value === null) this.#op(0x4e);
    else if (typeof value === "boolean") this.#op(value ? 0x88 : 0x89);
    else if (typeof value === "number") this.#integer(value);
    else if (typeof value === "string") this.#text(value);
    else if (isArray(value)) this.#tensor(value);
    else this.#dict(value);
  }

  #dict(entries: { readonly [key: string]: TorchInput }): void {
    this.#op(0x7d, 0x28);
    for (const [key, value] of Object.entries(entries)) {
      this.#text(key);
      this.#value(value);
    }
    this.#op(0x75);
  }

  #tensor(tensor: NdArray): void {
    this.#global("torch._utils", "_rebuild_tensor_v2");
    this.#op(0x28, 0x28);
    this.#text("storage");
    this.#global("torch", storageClasses[tensor.dtype]);
    this.#text(String(this.tensors.length));
    this.#text("cpu");
    this.#integer(tensor.data.byteLength / dtypeBytes[tensor.dtype]);
    this.#op(0x74, 0x51);
    this.#integer(0);
    this.#tuple(tensor.shape);
    this.#tuple(
      tensor.shape.map((_, axis) => tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1)),
    );
    this.#op(0x89);
    this.#global("collections", "OrderedDict");
    this.#op(0x29, 0x52, 0x74, 0x52);
    this.tensors.push(tensor);
  }

  #tuple(sizes: readonly number[]): void {
    this.#op(0x28);
    for (const size of sizes) this.#integer(size);
    this.#op(0x74);
  }

  #integer(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value < 256) this.#op(0x4b, value);
    else if (value === (value | 0)) this.#op(0x4a, ...littleEndian(value));
    else throw new RangeError(`${value} is no 32-bit integer`);
  }

  #text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#op(0x58, ...littleEndian(bytes.length), ...bytes);
  }

  #global(module: string, name: string): void {
    this.#op(0x63, ...new TextEncoder().encode(`${module}\n${name}\n`));
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
