export { chooseDevice, probeDevices, requireDevice } from "./devices.ts";
export { type ComputeDtype, type OpenDevice, openDevice } from "./open-device.ts";
export { runtimeVersion } from "./platform.ts";
export { type DeviceRate, measureRate } from "./probe.ts";
export {
  type DeviceName,
  deviceNames,
  type LoadOptions,
  type LoweredProgram,
  openRuntime,
  type Program,
  type Runtime,
} from "./runtime.ts";
