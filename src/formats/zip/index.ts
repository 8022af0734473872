export { type Damaged, openZip, type ZipArchive, type ZipEntry } from "./read.ts";
export { writeZip, type ZipMember } from "./write.ts";
