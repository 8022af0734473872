/** What the page knows of the studio, and how it hears and asks. */

export { ask, problemIn, sendFile } from "./api.ts";
export { fileAddress, useRun } from "./run.ts";
export type { Message } from "./sse.ts";
export { connection } from "./stream.ts";
export { disk, gone, meetStudio, readRows, rows, studio } from "./studio.ts";
export { useStream } from "./use-stream.ts";
