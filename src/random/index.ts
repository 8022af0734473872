export { PythonRandom, type PythonRandomState } from "./python-random.ts";
export {
  drawEpochOrder,
  type FloatDType,
  TorchGenerator,
  type TorchGeneratorState,
} from "./torch-generator.ts";
