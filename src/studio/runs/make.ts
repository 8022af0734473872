import { constants, copyFile, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomically } from "../../files/index.ts";
import { readTrainRecord } from "../../options/index.ts";
import {
  makeRunFolder,
  newRecord,
  type RunPlaces,
  settingsInFolder,
  writeConfig,
  writeRecord,
  writeSources,
} from "../../runs/index.ts";
import { requireRoom } from "../disk/room.ts";
import { type Draft, trainInputOf } from "../drafts/draft.ts";
import { promptLines } from "../drafts/prompts.ts";

interface Source {
  readonly draft: Draft;
  /** The folder of its pictures. */
  readonly pictures: string;
  /** The file of its prompts. */
  readonly prompts: string;
  readonly modelPath: string | undefined;
}

interface Making {
  /** The folder of all runs. */
  readonly root: string;
  /** Version of this program. */
  readonly version: string;
  /** Disk space to leave free after copying the images, in bytes. */
  readonly leaveBytes: number;
}

/** Makes the folder of a run from a draft, with copies of its pictures and captions, ready to be started. On errors nothing is left behind.
 *  @throws any error in the settings, DISK_FULL, OUTPUT_UNWRITABLE */
export async function makeRun(source: Source, { root, version, leaveBytes }: Making): Promise<RunPlaces> {
  const { draft, pictures } = source;
  // errors in the settings come before anything is made
  await readTrainRecord(trainInputOf(draft, source), "plan");
  const bytes = draft.pictures.reduce((sum, picture) => sum + picture.bytes, 0);
  await requireRoom(pictures, bytes, leaveBytes);
  const places = makeRunFolder(root, draft.word);
  try {
    await fill(places, source);
    const [id, parent] = [path.basename(places.folder), draft.from?.run];
    const run = {
      id,
      name: draft.word,
      word: draft.word,
      wanted: "draft",
      version,
      ...(parent && { parent }),
    } as const;
    // last: the record makes the folder a run
    await writeRecord(places, newRecord(run));
    return places;
  } catch (error) {
    await rm(places.folder, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** Writes everything that a run is started with into its folder. */
async function fill(places: RunPlaces, { draft, pictures, prompts, modelPath }: Source): Promise<void> {
  await copyFiles(pictures, places.pictures);
  const own = { modelPath, pictures: places.pictures, prompts: path.join(places.folder, path.basename(prompts)) };
  await writeFileAtomically(own.prompts, promptLines(draft));
  const weights = draft.from?.weights;
  if (weights !== undefined)
    await copyFile(path.join(path.dirname(pictures), weights), path.join(places.folder, weights));
  const { settings } = await readTrainRecord({ ...trainInputOf(draft, own), outputDir: places.checkpoints });
  await settingsInFolder(settings, places);
  await writeConfig(places, draft.word, settings);
  await writeSources(places, { pictures: draft.pictures.map(({ name, original }) => ({ file: name, original })) });
}

/** Copies files, sharing blocks if the file system can. */
async function copyFiles(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const name of await readdir(from))
    await copyFile(path.join(from, name), path.join(to, name), constants.COPYFILE_FICLONE);
}
