/** A run as a folder: its record, journal and commands. One process writes it, any other can read it: docs/runs.md. */

export { aboutRun, type RunAbout, settingsOfRun } from "./about.ts";
export { type RunCommand, sendCommand } from "./control.ts";
export {
  folderPart,
  isPath,
  isRunId,
  makeRunFolder,
  placesOf,
  type RunPlaces,
  runFolderOf,
  runsFolder,
} from "./folder.ts";
export { inTurn } from "./in-turn.ts";
export type { CurvesOf, TableRow } from "./journal/curves.ts";
export type { Entry, Outcome, ProblemData } from "./journal/events.ts";
export { follow } from "./journal/follow.ts";
export { RunHistory } from "./journal/history.ts";
export { Wake } from "./journal/wake.ts";
export { consoleEnd, listRuns, type RunRow, readRun, recordStamp } from "./list.ts";
export { changeMarks } from "./marks.ts";
export { changeRecord, newRecord, type RunRecord, readRecord, writeRecord } from "./record.ts";
export { RunSession, takeFolder, takeRun } from "./session.ts";
export { settingsInFolder, writeConfig } from "./settings.ts";
export { readSources, SourceNotes, writeSources } from "./sources.ts";
export { forgetStart, noteExit, noteFailedStart, noteStart, startMark } from "./started.ts";
export { isUnderWay, isUnfinished } from "./state.ts";
