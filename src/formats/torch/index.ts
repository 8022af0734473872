export { readTorchFile, type TorchFile } from "./read.ts";
export { storedTensor } from "./tensors.ts";
export {
  isList,
  isMap,
  isPlaceholder,
  isTensor,
  type PickleMap,
  type PickleValue,
  type TorchTensor,
} from "./values.ts";
export { type TorchInput, writeTorchFile } from "./write.ts";
