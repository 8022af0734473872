export { crc32c, maskedCrc32c } from "./crc32c.ts";
export { scalarsEvent, versionEvent } from "./event.ts";
export { recordOf } from "./record.ts";
