import path from "node:path";
import { inspectFile } from "../../inspect/index.ts";
import { readTrainRecord, type TrainInput } from "../../options/index.ts";
import { type DryRun, DryRuns } from "../../training/index.ts";
import { hasWord } from "../drafts/captions.ts";
import type { DraftPicture } from "../drafts/draft.ts";
import { type Problem, problemOf } from "../http/problems.ts";
import { changedInput } from "./changed.ts";
import { cheaperWays, type SettingsChange } from "./cheaper.ts";
import { type Fix, fixOf, type Mendable } from "./fixes.ts";
import { checkWord, knownError } from "./word.ts";

/** A draft to check. */
export interface CheckRequest extends Pick<Mendable, "word" | "settings" | "prompts"> {
  readonly pictures: readonly DraftPicture[];
  /** The whole draft as settings of a run. */
  readonly input: TrainInput;
}

/** A problem, with a fix if there is one. */
type MendableProblem = Problem & { readonly fix?: Fix };

/** The result of checking a draft. */
export interface Check {
  /** What keeps the run from starting. */
  readonly errors: readonly MendableProblem[];
  readonly warnings: readonly MendableProblem[];
  readonly word: WordCheck;
  /** The summary that the run would start with: device, steps, memory, time, token ids, buckets. If only the word is wrong, for a free word instead.
   *  Undefined if there are other errors. */
  readonly run: DryRun["run"] | undefined;
  /** The part of each picture that is trained on; pictures left out are missing. */
  readonly crops: readonly PictureCrop[];
}

interface PictureCrop extends Omit<DryRun["crops"][number], "path"> {
  /** Its name in the draft. */
  readonly picture: string;
}

/** Token ids of the words, and how the captions use them. */
interface WordCheck {
  /** Ids that the new word would get, one for each vector; empty if it cannot be added. */
  readonly ids: readonly number[];
  /** Ids of the word it starts from. */
  readonly initIds: readonly number[];
  /** Captions that contain the word. */
  readonly captionsWithWord: number;
  readonly captions: number;
}

const dryRuns = new DryRuns();

/** Checks a draft as `coinage train` would before its first step. Errors are part of the answer. @throws for bugs only */
export async function check({ input, ...draft }: CheckRequest): Promise<Check> {
  const { word, pictures } = draft;
  const { initWord, numVectorsPerToken: vectors } = input;
  const { ids, initIds, freeWord, problem } = await checkWord({ word, initWord, vectors });
  const ofWord = {
    ids,
    initIds,
    captionsWithWord: pictures.filter(({ caption }) => hasWord(caption, word)).length,
    captions: pictures.length,
  };
  // with a free word, the rest can be checked while this one is being typed
  const known = problem ? { ...input, tokenString: freeWord } : input;
  const { error, ...first } = await tried(known);
  const isOfInitWord = error?.code.startsWith("INIT_WORD") ?? false;
  const { run, crops, warnings } = isOfInitWord ? await tried({ ...known, initWord: undefined }) : first;
  const mendable: Mendable = { ...draft, initIds, freeWord, run };
  const withFix = (found: Problem & { readonly option?: string }): MendableProblem => {
    const { option, ...rest } = found;
    const shown = withOriginals(rest, input.imageDir ?? "", pictures);
    const fix = fixOf(found, mendable);
    return fix ? { ...shown, fix } : shown;
  };
  return {
    errors: [problem, error].flatMap((found) => (found ? [withFix(found)] : [])),
    warnings: warnings.filter(({ code }) => !problem || !isOfWord(code)).map(withFix),
    word: ofWord,
    run,
    crops,
  };
}

/** A change of a draft that makes its run cheaper. */
export interface Alternative {
  readonly fix: SettingsChange;
  /** Cost of the changed run. */
  readonly seconds: number;
  readonly peakBytes: number;
}

/** Time or memory counts as much less at no more than this share of it. */
const muchLess = 0.8;

/** Changes that make the run of a draft take much less time or memory, without new warnings; each is planned like the run itself. None if the draft has errors. */
export async function alternatives({ input, settings }: CheckRequest): Promise<readonly Alternative[]> {
  const now = await tried(input);
  const { run } = now;
  if (!run) return [];
  const known = new Set(now.warnings.map(({ code }) => code));
  const found: Alternative[] = [];
  for (const fix of cheaperWays({ settings, run })) {
    const { run: other, warnings } = await tried(changedInput(input, fix.settings));
    if (!other || warnings.some(({ code }) => !known.has(code))) continue;
    const { expectedSeconds: seconds, expectedPeakBytes: peakBytes } = other;
    const isCheaper = seconds <= muchLess * run.expectedSeconds || peakBytes <= muchLess * run.expectedPeakBytes;
    if (isCheaper) found.push({ fix, seconds, peakBytes });
  }
  return found;
}

/** A problem with the pictures under the user's own file names. */
function withOriginals({ code, ...texts }: Problem, folder: string, pictures: CheckRequest["pictures"]): Problem {
  const shown = (text: string | undefined) => {
    if (text === undefined) return undefined;
    const bare = text.replaceAll(`${folder}/`, "").replaceAll(`${folder}\\`, "");
    return pictures.reduce((said, { name, original }) => said.replaceAll(name, () => original), bare);
  };
  return { code, message: shown(texts.message)!, where: shown(texts.where), hint: shown(texts.hint) };
}

interface Tried extends Pick<DryRun, "warnings"> {
  readonly error?: Problem;
  readonly run: DryRun["run"] | undefined;
  readonly crops: Check["crops"];
}

async function tried(input: TrainInput): Promise<Tried> {
  try {
    const { run, warnings, crops } = await dryRuns.try(await readTrainRecord(input, "plan"));
    return {
      run,
      warnings,
      crops: crops.map(({ path: file, ...crop }) => ({ picture: path.basename(file), ...crop })),
    };
  } catch (error) {
    return { error: problemOf(knownError(error)), warnings: [], run: undefined, crops: [] };
  }
}

/** Whether a warning is about the word itself. */
function isOfWord(code: string): boolean {
  return code.startsWith("TOKEN_") || code === "OUTPUT_NAME";
}

/** Facts about a model file, for the list of models. */
export interface ModelFacts {
  readonly family: string | undefined;
  /** Type of most of the U-Net's weights: "float16". */
  readonly precision: string | undefined;
  readonly bytes: number;
  /** Why it cannot be trained on. */
  readonly problems: readonly Problem[];
  readonly isModel: boolean;
}

/** Reads the header of a model, not its weights. */
export async function inspectModel(target: string): Promise<ModelFacts> {
  const found = await inspectFile(target);
  const { bytes, problems } = found;
  if (found.kind !== "model") return { family: undefined, precision: undefined, bytes, problems, isModel: false };
  const counts = Object.entries(found.pieces.unet?.dtypes ?? {});
  const [most] = counts.sort(([, a], [, b]) => b.elements - a.elements);
  const { value: family } = found.family ?? {};
  return { family, precision: most?.[0], bytes, problems, isModel: true };
}
