import { dtypeBytes, type NdArray } from "../src/array/index.ts";

const storageClasses = { float32: "FloatStorage", float16: "HalfStorage", bfloat16: "BFloat16Storage" } as const;

/** The bytes of `torch.save({"state_dict": tensors})` as PyTorch before 1.6 wrote it: five pickles, then the storages.
 *  Source: PyTorch, torch/serialization.py, _legacy_save. */
export function writeLegacyTorchFile(tensors: ReadonlyMap<string, NdArray>): Uint8Array {
  const entries = [...tensors];
  const long = (hex: string) => [0x8a, hex.length / 2, ...Buffer.from(hex, "hex").reverse()];
  const pickles = [
    pickle(long("1950a86a20f9469cfc6c")),
    pickle(integer(1001)),
    pickle(
      dict([
        [text("protocol_version"), integer(1001)],
        [text("little_endian"), [0x88]],
      ]),
    ),
    pickle(dict([[text("state_dict"), dict(entries.map(([name, array], key) => [text(name), tensor(array, key)]))]])),
    pickle([0x5d, 0x28, ...entries.flatMap((_, key) => text(String(key))), 0x65]),
  ];
  const storages = entries.flatMap(([, { data, dtype }]) => {
    const count = Buffer.alloc(8);
    count.writeBigInt64LE(BigInt(data.byteLength / dtypeBytes[dtype]));
    return [count, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  });
  return new Uint8Array(Buffer.concat([...pickles, ...storages]));
}

function pickle(body: readonly number[]): Uint8Array {
  return Uint8Array.from([0x80, 2, ...body, 0x2e]);
}

function dict(entries: readonly (readonly [readonly number[], readonly number[]])[]): number[] {
  return [0x7d, 0x28, ...entries.flatMap(([key, value]) => [...key, ...value]), 0x75];
}

function tensor({ dtype, shape, data }: NdArray, key: number): number[] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const storage = storageClasses[dtype as keyof typeof storageClasses];
  const id = [text("storage"), global("torch", storage), text(String(key)), text("cpu"), integer(data.length), [0x4e]];
  const hooks = [...global("collections", "OrderedDict"), 0x29, 0x52];
  const sizes = [tuple(shape.map(integer)), tuple(strides.map(integer))];
  const args = tuple([[...tuple(id), 0x51], integer(0), ...sizes, [0x89], hooks]);
  return [...global("torch._utils", "_rebuild_tensor_v2"), ...args, 0x52];
}

function tuple(items: readonly (readonly number[])[]): number[] {
  return [0x28, ...items.flat(), 0x74];
}

function integer(value: number): number[] {
  return [0x4a, ...Buffer.from(Int32Array.of(value).buffer)];
}

function text(value: string): number[] {
  const bytes = Buffer.from(value);
  return [0x58, ...Buffer.from(Int32Array.of(bytes.length).buffer), ...bytes];
}

function global(module: string, name: string): number[] {
  return [0x63, ...Buffer.from(`${module}\n${name}\n`)];
}
