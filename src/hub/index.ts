export { modelNameOf } from "./cache.ts";
export { cachedModels } from "./cached-models.ts";
export { type HubPlace, hubFile, hubPlaceOf } from "./hub-file.ts";
export { type DownloadEvent, localModel } from "./local-model.ts";
