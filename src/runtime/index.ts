export { type ChosenDevice, chooseDevice, type DeviceReport, probeDevices } from "./devices.ts";
export { type OpenDevice, openDevice } from "./open-device.ts";
export type { ComputeDtype } from "./precision.ts";
export { type DeviceRate, measureRate } from "./probe.ts";
export { requireDevice } from "./require-device.ts";
export {
  type DeviceName,
  deviceNames,
  type LoadOptions,
  type LoweredProgram,
  openRuntime,
  type Program,
  type Runtime,
  type RuntimeOptions,
} from "./runtime.ts";
