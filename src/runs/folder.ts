import { mkdirSync } from "node:fs";
import path from "node:path";
import { CoinageError, refusalText } from "../errors/index.ts";
import { type Environment, folderIn, homeFolder, kindOfPath, makeFolder, reasonOf } from "../files/index.ts";

/** Paths of everything in a run's folder. */
export interface RunPlaces {
  readonly folder: string;
  /** Its record: `RunRecord`. */
  readonly record: string;
  /** Its settings: `coinage train --config_file` repeats the run. */
  readonly config: string;
  /** Copy of the dataset config, if the settings name one. */
  readonly dataset: string;
  /** Its events, one per line. */
  readonly journal: string;
  /** Its console output. */
  readonly console: string;
  /** The process that was started for the run and has not opened it yet, if its parent noted it. */
  readonly start: string;
  /** How its process ended, if its parent noted it. */
  readonly exit: string;
  /** What people noted about it: `RunMarks`. */
  readonly marks: string;
  readonly lock: string;
  /** Commands to it, one per file. */
  readonly control: string;
  /** Its model and images: `RunSources`. */
  readonly sources: string;
  /** Copies of its images and captions, if the studio made the run. */
  readonly pictures: string;
  readonly checkpoints: string;
  readonly samples: string;
  readonly state: string;
}

export function placesOf(folder: string): RunPlaces {
  const at = (name: string): string => path.join(folder, name);
  return {
    folder,
    record: at("run.json"),
    config: at("config.toml"),
    dataset: at("dataset.toml"),
    journal: at("events.jsonl"),
    console: at("console.log"),
    start: at("start.json"),
    exit: at("exit.json"),
    marks: at("marks.json"),
    lock: at("lock"),
    control: at("control"),
    sources: at("sources.json"),
    pictures: at("pictures"),
    checkpoints: at("checkpoints"),
    samples: at("samples"),
    state: at("state"),
  };
}

/** The folder of all runs: the given one, else `runs` in COINAGE_HOME, else `coinage/runs` in the home folder.
 *  @throws OUTPUT_UNWRITABLE for a user without a home */
export function runsFolder(environment: Environment, given?: string): string {
  if (given) return path.resolve(given);
  const home = homeFolder();
  const ours = folderIn(environment, "COINAGE_HOME") ?? (home && path.join(home, "coinage"));
  if (ours === undefined)
    throw new CoinageError("OUTPUT_UNWRITABLE", "There is no home folder for the folders of runs.", {
      hint: "Name one: --runs_dir DIR, or COINAGE_HOME in the environment.",
    });
  return path.resolve(ours, "runs");
}

/** Makes the folder of a new run, with the subfolders that every run has. Processes cannot get the same one: making it fails if it exists.
 *  name: any text; the folder's name keeps what every system allows. @throws OUTPUT_UNWRITABLE */
export function makeRunFolder(root: string, name: string, now = new Date()): RunPlaces {
  const base = `${minuteOf(now)}_${folderPart(name)}`;
  try {
    makeFolder(root);
    for (let number = 1; ; number++) {
      const folder = path.join(root, number === 1 ? base : `${base}_${number}`);
      if (!madeNew(folder)) continue;
      const places = placesOf(folder);
      for (const inside of [places.control, places.checkpoints, places.samples, places.state]) mkdirSync(inside);
      return places;
    }
  } catch (cause) {
    throw new CoinageError("OUTPUT_UNWRITABLE", `No folder can be made for the run: ${refusalText(cause)}.`, {
      where: root,
      hint: "Choose another folder for all runs: --runs_dir DIR, or COINAGE_HOME in the environment.",
      cause,
    });
  }
}

function madeNew(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (reasonOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Local time as 2026-11-22_1432. */
function minuteOf(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  return `${day}_${two(now.getHours())}${two(now.getMinutes())}`;
}

/** Most bytes of a run's name in its folder's name: with date, number and temporary suffixes that stays below 150. */
const longestPart = 80;

/** A name reduced to what every system allows in a folder's name. */
export function folderPart(name: string): string {
  const safe = name
    .normalize("NFC")
    .replace(/[\s\p{C}\p{Z}<>:"/\\|?*]+/gu, "_")
    .replace(/^[._]+/, "");
  let [part, bytes] = ["", 0];
  for (const character of safe) {
    bytes += Buffer.byteLength(character);
    if (bytes > longestPart) break;
    part += character;
  }
  // Windows drops dots and blanks at the end of a name
  return part.replace(/[._]+$/, "") || "run";
}

/** Whether a text looks like the name that `makeRunFolder` gives a folder. */
export function isRunId(text: string): boolean {
  return /^\d{4}-\d\d-\d\d_\d{4}_./.test(text);
}

/** Whether a text is a path rather than the name of a run or of its folder. */
export function isPath(text: string): boolean {
  return /[/\\]/.test(text) || /^\.*$/.test(text);
}

/** The run in a folder, given by path or by name; undefined if there is none. */
export async function runFolderOf(root: string, text: string): Promise<RunPlaces | undefined> {
  const folder = isPath(text) ? path.resolve(text) : path.join(root, text);
  const places = placesOf(folder);
  return (await kindOfPath(places.record)) === "file" ? places : undefined;
}
