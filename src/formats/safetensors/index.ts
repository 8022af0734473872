export {
  parseSafetensors,
  parseSafetensorsHeader,
  readTensor,
  type SafetensorsEntry,
  type SafetensorsHeader,
  storedDtypes,
} from "./read.ts";
export { type SafetensorsInput, writeSafetensors } from "./write.ts";
