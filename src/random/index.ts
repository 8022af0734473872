export type { FloatArrays, FloatDType } from "./float-arrays.ts";
export { drawEpochOrder } from "./loader-order.ts";
export { CudaGenerator } from "./philox.ts";
export { PythonRandom, type PythonRandomState } from "./python-random.ts";
export {
  type NormalOptions,
  TorchGenerator,
  type TorchGeneratorState,
  type UniformOptions,
} from "./torch-generator.ts";
