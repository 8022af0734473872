/** The page's connection to the studio: requests, event stream, and the state they keep. */

export { ask, problemIn, sendFile } from "./api.ts";
export { fileAddress, useRun } from "./run.ts";
export type { Message } from "./sse.ts";
export { connection } from "./stream.ts";
export { disk, gone, meetStudio, readRows, rows, studio } from "./studio.ts";
export { useStream } from "./use-stream.ts";
