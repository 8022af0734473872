export { PythonRandom, type PythonRandomState } from "./python-random.ts";
export {
  drawEpochOrder,
  type FloatArrays,
  type FloatDType,
  type NormalOptions,
  TorchGenerator,
  type TorchGeneratorState,
  type UniformOptions,
} from "./torch-generator.ts";
