export { openStudio, type Studio } from "./server.ts";
export { studioHome } from "./studio-file.ts";
