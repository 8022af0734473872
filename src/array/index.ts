export { type ByteSource, inMemory } from "./byte-source.ts";
export { buffersToTransfer, bytesOf, dataViewOn, typedArrayOn } from "./bytes.ts";
export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half.ts";
export { arrayOf, type DType, dtypeBytes, elementCount, type NdArray, type TypedArray, toFloat32 } from "./nd-array.ts";
export type { FileRegion, StoredArray } from "./stored-array.ts";
