export { kindOfPath, writeFileAtomically } from "./file.ts";
export { FilesInUse } from "./files-in-use.ts";
export { moveSynced, removeFolder, standingFolder, writeFolderAtomically } from "./folder.ts";
export { homeFolder } from "./home-folder.ts";
export { type Holder, type Lock, takeLock } from "./lock.ts";
export { makeFolder } from "./make-folder.ts";
export { didYouMean, hintOfMissing, nearPath } from "./near-path.ts";
export { quotedWord } from "./quoted-word.ts";
export { reasonOf } from "./reason.ts";
export {
  isHandedOver,
  readEarlierFile,
  readGivenTextFile,
  readRegularFile,
  readRegularTextFile,
  readStart,
  withRegularFile,
} from "./regular-file.ts";
export { checkSeal, digestOf, sealed } from "./seal.ts";
export { isForbidden, NotAFile, readingHint, whyUnreadable } from "./unreadable.ts";
export { prepareOutputFolder } from "./writable-folder.ts";
