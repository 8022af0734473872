export {
  kindOfPath,
  moveSynced,
  removeFolder,
  standingFolder,
  writeFileAtomically,
  writeFolderAtomically,
} from "./atomic.ts";
export { reasonOf } from "./disk.ts";
export { cachesFolder, type Environment, folderIn, makeFolder, prepareOutputFolder } from "./folders.ts";
export { type Holder, type Lock, takeLock } from "./lock.ts";
export { didYouMean, hintOfMissing, quotedWord } from "./path-hints.ts";
export {
  isHandedOver,
  NotAFile,
  readEarlierFile,
  readGivenTextFile,
  readingHint,
  readRegularFile,
  readRegularTextFile,
  readStart,
  whyUnreadable,
  withRegularFile,
} from "./regular-file.ts";
export { checkSeal, digestOf, FilesInUse, isStateFormat, sealed, stateFormats } from "./unchanged.ts";
