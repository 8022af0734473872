export { type DownloadEvent, localModel } from "./local-model.ts";
