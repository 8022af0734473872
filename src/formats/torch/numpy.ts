import { dataViewOn } from "../../array/index.ts";
import { damaged } from "./problems.ts";
import { isPlaceholder, type PickleGlobal, type PickleValue, type PlaceholderObject } from "./values.ts";

/** numpy's names: a dtype such as `f8`, and the scalars made with it. Arrays stay placeholders. Source: checkpoints.md section 7.4. */

/** `numpy.dtype("f8", False, True)`: a placeholder whose state is the byte order once BUILD has told it. */
export function isNumpyDType(value: PickleValue): value is PlaceholderObject {
  return isPlaceholder(value) && value.global.name === "numpy.dtype";
}

/** BUILD gives (version, byte order, ...). */
export function setByteOrder(dtype: PlaceholderObject, state: PickleValue): void {
  const order = Array.isArray(state) ? state[1] : undefined;
  if (typeof order !== "string") throw damaged("a numpy dtype without byte order");
  dtype.state = order;
}

const readers: Readonly<Record<string, (view: DataView, little: boolean) => PickleValue>> = {
  b1: (view) => view.getUint8(0) !== 0,
  i1: (view) => BigInt(view.getInt8(0)),
  i2: (view, little) => BigInt(view.getInt16(0, little)),
  i4: (view, little) => BigInt(view.getInt32(0, little)),
  i8: (view, little) => view.getBigInt64(0, little),
  u1: (view) => BigInt(view.getUint8(0)),
  u2: (view, little) => BigInt(view.getUint16(0, little)),
  u4: (view, little) => BigInt(view.getUint32(0, little)),
  u8: (view, little) => view.getBigUint64(0, little),
  f4: (view, little) => view.getFloat32(0, little),
  f8: (view, little) => view.getFloat64(0, little),
};

/** `scalar(dtype, bytes)`: the number; a placeholder for dtypes that are no plain number. */
export function numpyScalar(global: PickleGlobal, args: readonly PickleValue[]): PickleValue {
  const [dtype, raw] = args;
  const bytes = typeof raw === "string" ? latin1Bytes(raw) : raw;
  const name = dtype !== undefined && isNumpyDType(dtype) ? dtype.args[0] : undefined;
  const read = typeof name === "string" ? readers[name] : undefined;
  if (!read || !(bytes instanceof Uint8Array)) return { kind: "object", global, args, state: null };
  if (bytes.length !== Number((name as string).slice(1))) throw damaged("a numpy scalar of a wrong length");
  return read(dataViewOn(bytes), (dtype as PlaceholderObject).state !== ">");
}

/** Text whose characters stand for bytes. @throws TORCH_FILE_INVALID when one does not fit a byte. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw damaged("a text for bytes that are none");
    bytes[i] = code;
  }
  return bytes;
}
