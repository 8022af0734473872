export { storedDtypes } from "./dtypes.ts";
export { parseSafetensorsHeader, type SafetensorsEntry, type SafetensorsHeader } from "./header.ts";
export { parseSafetensors, readTensor } from "./read.ts";
export { type SafetensorsInput, writeSafetensors } from "./write.ts";
