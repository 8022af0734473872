export {
  type HyperParameters,
  hyperParameterEvents,
  imageEvent,
  scalarsEvent,
  textEvent,
  versionEvent,
} from "./events.ts";
export { crc32c, maskedCrc32c, recordOf } from "./record.ts";
