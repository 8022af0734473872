export {
  folderOrPrevious,
  kindOfPath,
  moveSynced,
  removeFolder,
  writeFileAtomically,
  writeFolderAtomically,
} from "./atomic.ts";
export { reasonOf } from "./disk.ts";
export {
  cachesFolder,
  type Environment,
  folderIn,
  freeBytesOn,
  homeFolder,
  makeFolder,
  prepareOutputFolder,
} from "./folders.ts";
export { isDescriptorPath, readGivenTextFile } from "./given-file.ts";
export { type FoundLock, type Holder, type Lock, lookAtLock, takeLock } from "./lock.ts";
export { bootId, lifeOf, type Owner, processOf } from "./owner.ts";
export { didYouMean, hintOfMissing, quotedWord } from "./path-hints.ts";
export { NotAFile, readingHint, whyUnreadable } from "./reading-problems.ts";
export {
  readEarlierFile,
  readRegularFile,
  readRegularTextFile,
  readStart,
  withRegularFile,
} from "./regular-file.ts";
export { checkSeal, digestOf, FilesInUse, isStateFormat, sealed, stateFormats } from "./unchanged.ts";
