export { readTorchFile, type TorchFile } from "./read.ts";
export { storedTensor } from "./store.ts";
export {
  isList,
  isMap,
  isPlaceholder,
  isTensor,
  type PickleMap,
  type PickleValue,
  type PlaceholderObject,
  type TorchDType,
  type TorchTensor,
} from "./values.ts";
export { type TorchInput, writeTorchFile } from "./write.ts";
