import { type ChildProcess, spawn } from "node:child_process";
import { constants, copyFile, mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomically } from "../../files/index.ts";
import { readTrainRecord } from "../../options/index.ts";
import {
  makeRunFolder,
  newRecord,
  noteExit,
  placesOf,
  type RunPlaces,
  settingsInFolder,
  writeConfig,
  writeRecord,
} from "../../runs/index.ts";
import { promptLines, trainInputOf } from "../drafts/draft.ts";
import type { OpenDraft } from "../drafts/store.ts";

/** How the command line of this program is called. */
export interface Caller {
  readonly command: string;
  readonly words: readonly string[];
}

interface Starting {
  readonly root: string;
  readonly version: string;
  readonly caller: Caller;
}

/** Makes the folder of a run from a draft, with copies of its pictures and captions, and starts it. The run is a process of its own that outlives the studio.
 *  Gives the run's id. @throws what reading the settings throws, OUTPUT_UNWRITABLE */
export async function startRun(
  {
    draft,
    pictures,
    prompts,
    modelPath,
  }: Pick<OpenDraft, "draft" | "pictures" | "prompts"> & { readonly modelPath: string | undefined },
  { root, version, caller }: Starting,
): Promise<string> {
  // what is wrong with the settings is said before anything is made
  await readTrainRecord(trainInputOf(draft, { modelPath, pictures, prompts }), "plan");
  const places = makeRunFolder(root, draft.word);
  const own = path.join(places.folder, "pictures");
  await copyFiles(pictures, own);
  const ownPrompts = path.join(places.folder, "prompts.txt");
  await writeFileAtomically(ownPrompts, promptLines(draft));
  const files = { modelPath, pictures: own, prompts: ownPrompts };
  const input = { ...trainInputOf(draft, files), outputDir: places.checkpoints };
  const { settings } = await readTrainRecord(input);
  await settingsInFolder(settings, places);
  await writeConfig(places, draft.word, settings);
  const id = path.basename(places.folder);
  await writeRecord(places, newRecord({ id, name: draft.word, word: draft.word, wanted: "run", version }));
  spawnRun(places, ["--run", places.folder], caller);
  return id;
}

/** Goes on with a run, or makes it longer. steps: of the whole run from now on. */
export function resumeRun(folder: string, caller: Caller, steps?: number): void {
  const longer = steps === undefined ? [] : ["--max_train_steps", String(steps)];
  spawnRun(placesOf(folder), ["--run", folder, ...longer], caller);
}

function spawnRun(places: RunPlaces, words: readonly string[], { command, words: before }: Caller): ChildProcess {
  const child = spawn(command, [...before, "train", ...words], { detached: true, stdio: "ignore", cwd: places.folder });
  child.on("exit", (code, signal) => {
    if (child.pid !== undefined) noteExit(places, child.pid, { code, signal }).catch(() => {});
  });
  child.on("error", () => {});
  child.unref();
  return child;
}

/** Copies that share their blocks where the file system can. */
async function copyFiles(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const name of await readdir(from))
    await copyFile(path.join(from, name), path.join(to, name), constants.COPYFILE_FICLONE);
}
