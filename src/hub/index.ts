export { modelNameOf } from "./cache.ts";
export { type DownloadEvent, localModel } from "./local-model.ts";
