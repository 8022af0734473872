export { type ChosenDevice, chooseDevice, type DeviceReport, probeDevices, requireDevice } from "./devices.ts";
export { type ComputeDtype, type OpenDevice, openDevice } from "./open-device.ts";
export { type DeviceRate, measureRate } from "./probe.ts";
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
