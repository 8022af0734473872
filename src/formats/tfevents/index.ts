export {
  type HyperParameters,
  hyperParameterEvents,
  imageEvent,
  scalarsEvent,
  versionEvent,
} from "./events.ts";
export { crc32c, maskedCrc32c, recordOf } from "./record.ts";
