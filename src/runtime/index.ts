export { type ChosenDevice, chooseDevice, type DeviceReport, probeDevices } from "./devices.ts";
export { type OpenDevice, openDevice } from "./open-device.ts";
export type { Products } from "./precision.ts";
export { type DeviceRate, measureRate } from "./probe.ts";
export { requireDevice } from "./require-device.ts";
export {
  type DeviceName,
  deviceNames,
  type LoadOptions,
  openRuntime,
  type Program,
  type ProgramDraft,
  type Runtime,
  type RuntimeOptions,
} from "./runtime.ts";
