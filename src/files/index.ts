export { kindOfPath, writeFileAtomically } from "./file.ts";
export { removeFolder, standingFolder, writeFolderAtomically } from "./folder.ts";
export { homeFolder } from "./home-folder.ts";
export { makeFolder } from "./make-folder.ts";
export { didYouMean, nearPath } from "./near-path.ts";
export { reasonOf } from "./reason.ts";
export { readRegularFile, readRegularTextFile, readStart, withRegularFile } from "./regular-file.ts";
export { isForbidden, readingHint, whyUnreadable } from "./unreadable.ts";
export { prepareOutputFolder } from "./writable-folder.ts";
