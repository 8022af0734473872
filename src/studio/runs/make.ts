import { constants, copyFile, mkdir, readdir } from "node:fs/promises";
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
import { type Draft, promptLines, trainInputOf } from "../drafts/draft.ts";

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
  /** Of this program. */
  readonly version: string;
}

/** Makes the folder of a run from a draft, with copies of its pictures and captions. It waits to be started. @throws what reading the settings throws, OUTPUT_UNWRITABLE */
export async function makeRun(
  { draft, pictures, prompts, modelPath }: Source,
  { root, version }: Making,
): Promise<RunPlaces> {
  // what is wrong with the settings is said before anything is made
  await readTrainRecord(trainInputOf(draft, { modelPath, pictures, prompts }), "plan");
  const places = makeRunFolder(root, draft.word);
  const own = places.pictures;
  await copyFiles(pictures, own);
  const ownPrompts = path.join(places.folder, "prompts.txt");
  await writeFileAtomically(ownPrompts, promptLines(draft));
  const weights = draft.from?.weights;
  if (weights !== undefined)
    await copyFile(path.join(path.dirname(pictures), weights), path.join(places.folder, weights));
  const files = { modelPath, pictures: own, prompts: ownPrompts };
  const input = { ...trainInputOf(draft, files), outputDir: places.checkpoints };
  const { settings } = await readTrainRecord(input);
  await settingsInFolder(settings, places);
  await writeConfig(places, draft.word, settings);
  const id = path.basename(places.folder);
  const parent = draft.from?.run;
  const record = newRecord({
    id,
    name: draft.word,
    word: draft.word,
    wanted: "draft",
    version,
    ...(parent && { parent }),
  });
  await writeSources(places, { pictures: draft.pictures.map(({ name, original }) => ({ file: name, original })) });
  await writeRecord(places, record);
  return places;
}

/** Copies that share their blocks where the file system can. */
async function copyFiles(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const name of await readdir(from))
    await copyFile(path.join(from, name), path.join(to, name), constants.COPYFILE_FICLONE);
}
