/** What the page knows of the studio, and how it hears and asks. */
export { ask, problemIn } from "./api.ts";
export { connection } from "./stream.ts";
export { meetStudio, readRows, rows, studio } from "./studio.ts";
export { useStream } from "./use-stream.ts";
