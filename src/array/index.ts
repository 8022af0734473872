export { type ByteSource, buffersToTransfer, bytesOf, dataViewOn, inMemory, typedArrayOn } from "./bytes.ts";
export {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "./half-precision.ts";
export {
  arrayOf,
  concatenate,
  type DType,
  dtypeBytes,
  elementCount,
  itemOf,
  type NdArray,
  partsOf,
  type StoredArray,
  stack,
  type TypedArray,
  toFloat32,
} from "./nd-array.ts";
export { roundHalfEven } from "./numbers.ts";
export { resizeBicubic } from "./resize-bicubic.ts";
