export { type ByteSource, buffersToTransfer, bytesOf, dataViewOn, inMemory, typedArrayOn } from "./bytes.ts";
export { type DType, dtypeBytes, type TypedArray } from "./dtype.ts";
export {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "./half-precision.ts";
export {
  arrayOf,
  concatenate,
  copyOf,
  elementCount,
  itemOf,
  type NdArray,
  partsOf,
  rowNorms,
  rowViews,
  type StoredArray,
  stack,
  toFloat32,
} from "./nd-array.ts";
export { mean, roundHalfEven, standardError } from "./numbers.ts";
export { resizeBicubic } from "./resize-bicubic.ts";
