import { dataViewOn } from "../../array/index.ts";
import type { Budget } from "../../budget/index.ts";
import { damaged, refusedPickle } from "./problems.ts";
import {
  collectionSteps,
  isGlobal,
  isPlaceholder,
  isTensor,
  type PickleGlobal,
  type PickleValue,
  type PlaceholderObject,
} from "./values.ts";

/** Calls a name's replacement, never the real thing, with arguments. @throws PICKLE_REFUSED, TORCH_FILE_INVALID */
export function construct(callee: PickleValue, args: PickleValue, budget: Budget): PickleValue {
  if (!Array.isArray(args)) throw damaged("its pickle calls something without a tuple of arguments");
  budget.spend(collectionSteps.object);
  if (isPlaceholder(callee)) return placeholder(callee.global, args);
  if (!isGlobal(callee)) throw damaged("its pickle calls something that cannot be called");
  if (!callee.call) throw refusedPickle(`it calls ${callee.name}, which cannot be called here`);
  return callee.call(args, budget);
}

/** Sets an object's attributes. Only placeholders keep them: a dict's, such as `_metadata`, are not needed. */
export function buildInto(target: PickleValue, state: PickleValue): void {
  if (isNumpyDType(target)) setByteOrder(target, state);
  else if (isPlaceholder(target)) target.state = state;
  else if (!(target instanceof Map) && !isTensor(target))
    throw damaged("its pickle gives attributes to something that has none");
}

export function placeholder(global: PickleGlobal, args: readonly PickleValue[]): PickleValue {
  return { kind: "object", global, args, state: null };
}

/** Whether a value is `numpy.dtype("f8", False, True)`: a placeholder whose state is the byte order, set by BUILD. */
function isNumpyDType(value: PickleValue): value is PlaceholderObject {
  return isPlaceholder(value) && value.global.name === "numpy.dtype";
}

/** BUILD passes (version, byte order, ...). */
function setByteOrder(dtype: PlaceholderObject, state: PickleValue): void {
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

/** `scalar(dtype, bytes)`: the number, or a placeholder for dtypes that are not plain numbers. */
export function numpyScalar(global: PickleGlobal, args: readonly PickleValue[]): PickleValue {
  const [dtype, raw] = args;
  const bytes = typeof raw === "string" ? latin1Bytes(raw) : raw;
  const name = dtype !== undefined && isNumpyDType(dtype) ? dtype.args[0] : undefined;
  const read = typeof name === "string" ? readers[name] : undefined;
  if (!read || !(bytes instanceof Uint8Array)) return { kind: "object", global, args, state: null };
  if (bytes.length !== Number((name as string).slice(1))) throw damaged("a numpy scalar of the wrong length");
  return read(dataViewOn(bytes), (dtype as PlaceholderObject).state !== ">");
}

/** Text with one character per byte. @throws TORCH_FILE_INVALID if one does not fit a byte */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw damaged("text that does not stand for bytes");
    bytes[i] = code;
  }
  return bytes;
}
