export { type DeviceRate, measureRate } from "./probe.ts";
export {
  type DeviceName,
  deviceNames,
  openRuntime,
  type Program,
  type Runtime,
  type RuntimeOptions,
} from "./runtime.ts";
