export { parseSafetensorsHeader, storedDtypes } from "./header.ts";
export { parseSafetensors, readTensor, writeSafetensors } from "./tensors.ts";
