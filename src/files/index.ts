export { kindOfPath, writeFileAtomically } from "./file.ts";
export { removeFolder, standingFolder, writeFolderAtomically } from "./folder.ts";
export { homeFolder } from "./home-folder.ts";
export { makeFolder } from "./make-folder.ts";
export { reasonOf } from "./reason.ts";
export { readRegularFile, readRegularTextFile } from "./regular-file.ts";
export { prepareOutputFolder } from "./writable-folder.ts";
