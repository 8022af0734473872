export type { ZipEntry } from "./directory.ts";
export { openZip, type ZipArchive } from "./read.ts";
export { writeZip } from "./write.ts";
