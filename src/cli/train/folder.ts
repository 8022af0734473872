import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { CoinageError, nearestName } from "../../errors/index.ts";
import { folderOrPrevious, kindOfPath, type Lock } from "../../files/index.ts";
import { parseTrainArguments, type TrainSettings } from "../../options/index.ts";
import {
  isPath,
  isRunId,
  makeRunFolder,
  newRecord,
  type RunPlaces,
  type RunRecord,
  readRecord,
  readRun,
  runFolderOf,
  runsFolder,
  settingsInFolder,
  takeRun,
  writeConfig,
  writeRecord,
} from "../../runs/index.ts";
import { packageVersion } from "../program.ts";

/** A `train` command line whose `--run` may name an existing run. */
export interface RunCall {
  /** The command line to read; for an existing run, with its settings in front. */
  readonly words: readonly string[];
  readonly existing: RunPlaces | undefined;
  /** Settings of the existing run that flags with other names replace. */
  readonly replaced: readonly string[];
}

/** Settings for the length of a run; one replaces another. */
const lengths = ["max_train_steps", "max_train_epochs", "time"] as const;

/** Looks for the run that a `train` command line continues. @throws RUN_NOT_FOUND, RUN_NEWER, RUN_UNREADABLE, SETTINGS_CONFLICT, and any error in the flags */
export async function readRunCall(words: readonly string[]): Promise<RunCall> {
  const { settings, explicit, isHelpAsked } = parseTrainArguments(words);
  const { run, runsDir } = settings;
  if (isHelpAsked || run === undefined) return { words, existing: undefined, replaced: [] };
  const root = runsFolder(process.env, runsDir);
  const existing = await runFolderOf(root, run);
  if (!existing) {
    if (isPath(run) || isRunId(run)) throw await notFound(root, run);
    return { words, existing, replaced: [] };
  }
  await readRecord(existing);
  if (explicit.has("config_file"))
    throw new CoinageError("SETTINGS_CONFLICT", "The run has settings of its own, so --config_file cannot be given.", {
      where: `--run ${run}`,
      hint: "Leave it out to continue the run. A name that no run has as its id begins a new one.",
    });
  const hasDataset = (await kindOfPath(existing.dataset)) === "file";
  const own = ["--config_file", existing.config, ...(hasDataset ? ["--dataset_config", existing.dataset] : [])];
  return {
    words: [...own.slice(0, explicit.has("dataset_config") ? 2 : 4), ...words],
    existing,
    replaced: lengths.some((flag) => explicit.has(flag)) ? lengths.filter((flag) => !explicit.has(flag)) : [],
  };
}

async function notFound(root: string, run: string): Promise<CoinageError> {
  const near = nearestName(run, await readdir(root).catch(() => []));
  return new CoinageError("RUN_NOT_FOUND", `There is no run ${run}.`, {
    where: `--run ${run} (runs are in ${root})`,
    hint: near
      ? `Did you mean ${near}?`
      : "coinage runs lists them. For a new run, give a name without slashes and without a date in front.",
  });
}

/** A run that this process has locked, with its settings. */
interface HeldRun {
  readonly places: RunPlaces;
  readonly record: RunRecord;
  readonly lock: Lock;
  /** Settings for this process. */
  readonly settings: TrainSettings;
  /** Writes the settings that repeat the run. seed: the drawn one. */
  readonly writeConfig: (seed?: number) => Promise<void>;
  /** Whether the run exists but has no state to resume from. */
  readonly beginsAgain: boolean;
}

/** Makes the folder of a new run, or resumes an existing run from its last state. words: the given command line.
 *  @throws RUN_BUSY, RUN_ENDED, OUTPUT_UNWRITABLE, DATASET_CONFIG */
export async function holdRun(
  asked: TrainSettings,
  existing: RunPlaces | undefined,
  words: readonly string[],
): Promise<HeldRun> {
  const { run: name = "", tokenString: word } = asked;
  const places = existing ?? makeRunFolder(runsFolder(process.env, asked.runsDir), name);
  const lock = await takeRun(places);
  try {
    if (existing) await requireUnfinished(existing, words);
    const fresh = { id: path.basename(places.folder), name, word, wanted: "run", version: packageVersion() } as const;
    const record = existing ? await readRecord(existing) : newRecord(fresh);
    const given = await withOwnFiles(withSampling(asked, record, words), places);
    const resume = given.resume ?? (existing && (await newestState(existing, given.outputName)));
    const writeSettings = (seed?: number): Promise<void> => writeConfig(places, record.name, given, seed);
    const settings = await settingsInFolder({ ...given, resume }, places);
    await writeSettings();
    await writeRecord(places, record);
    // a run without events has not begun before
    const beginsAgain = existing !== undefined && resume === undefined && (await readRun(existing)).seq > 0;
    return { places, record, lock, settings, writeConfig: writeSettings, beginsAgain };
  } catch (error) {
    await lock.release();
    // the new folder has no events
    if (!existing) await rm(places.folder, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** The settings with the sampling interval that was set during training. */
function withSampling(given: TrainSettings, { sampleEvery }: RunRecord, words: readonly string[]): TrainSettings {
  const { explicit } = parseTrainArguments(words);
  const isGiven = explicit.has("sample_every_n_steps") || explicit.has("sample_every_n_epochs");
  if (sampleEvery === undefined || isGiven) return given;
  return { ...given, sampleEveryNEpochs: undefined, sampleEveryNSteps: sampleEvery > 0 ? sampleEvery : undefined };
}

/** Settings whose files may be in the run's folder. */
const ownFiles = ["imageDir", "samplePrompts", "weights"] as const;

/** The settings of a run whose folder may have been moved, with paths into the folder updated. */
async function withOwnFiles(given: TrainSettings, { folder }: RunPlaces): Promise<TrainSettings> {
  const moved: { -readonly [key in (typeof ownFiles)[number]]?: string } = {};
  for (const key of ownFiles) {
    const file = given[key];
    if (file === undefined || (await kindOfPath(file)) !== "nothing") continue;
    const own = path.join(folder, path.basename(file));
    if ((await kindOfPath(own)) !== "nothing") moved[key] = own;
  }
  return { ...given, ...moved };
}

/** @throws RUN_ENDED for a finished run, unless it is to be longer */
async function requireUnfinished(existing: RunPlaces, words: readonly string[]): Promise<void> {
  const { explicit } = parseTrainArguments(words);
  if (explicit.has("max_train_steps") || explicit.has("max_train_epochs")) return;
  const { state, id, step, name } = await readRun(existing);
  if (state !== "done") return;
  throw new CoinageError("RUN_ENDED", `The run is done, after ${step} steps.`, {
    where: `--run ${id}`,
    hint: `To train it longer, add --max_train_steps with more than ${step}. For a new run: --run ${name}.`,
  });
}

/** The newest state of a run. */
async function newestState({ state }: RunPlaces, outputName: string): Promise<string | undefined> {
  const names = (await readdir(state).catch(() => [])).filter((name) => /^[^.].*-state$/.test(name));
  const dated = await Promise.all(
    names.map(async (name) => {
      const folder = path.join(state, name);
      return { folder, at: (await stat(path.join(folder, "state.json")).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  const [newest] = dated.sort((a, b) => b.at - a.at);
  // the process may have died while replacing this one
  const kept = path.join(state, `${path.basename(outputName)}-state`);
  return newest?.folder ?? ((await folderOrPrevious(kept)) === kept ? undefined : kept);
}
