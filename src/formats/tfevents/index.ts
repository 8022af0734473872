export { crc32c, maskedCrc32c } from "./crc32c.ts";
export { type ImageSummary, imageEvent, scalarsEvent, versionEvent } from "./event.ts";
export { type HyperParameters, hyperParameterEvents } from "./hyper-parameters.ts";
export { recordOf } from "./record.ts";
