export { type ChosenDevice, chooseDevice, type DeviceReport, probeDevices } from "./devices.ts";
export { type DeviceRate, measureRate } from "./probe.ts";
export { requireDevice } from "./require-device.ts";
export {
  type DeviceName,
  deviceNames,
  gainsFromFloat16,
  type LoadOptions,
  openRuntime,
  type Program,
  type ProgramDraft,
  type Runtime,
  type RuntimeOptions,
} from "./runtime.ts";
