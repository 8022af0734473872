import { clipMerges } from "../../assets/index.ts";
import { CoinageError, machineProblem } from "../../errors/index.ts";
import { inspectFile } from "../../inspect/index.ts";
import { readTrainRecord, type TrainInput } from "../../options/index.ts";
import { addPlaceholder, createTokenizer, type Tokenizer } from "../../tokenizer/index.ts";
import { type DryRun, DryRuns } from "../../training/index.ts";
import { type Problem, problemOf } from "../http/problems.ts";

/** What is to be checked of a draft. */
export interface CheckRequest {
  readonly settings: TrainInput;
  readonly captions: readonly string[];
}

/** What is known of a draft before it is started. */
export interface Check {
  /** What keeps the run from starting. */
  readonly errors: readonly Problem[];
  readonly warnings: DryRun["warnings"];
  readonly word: WordCheck;
  /** What the run would say of itself: device, steps, memory, time, token ids, buckets. Undefined while there are errors. */
  readonly run: DryRun["run"] | undefined;
}

/** What the tokenizer makes of the words, which every Stable Diffusion model shares. */
interface WordCheck {
  /** Ids that the new word would get, one for each vector; empty where it cannot be added. */
  readonly ids: readonly number[];
  /** Ids of the word it starts from. */
  readonly initIds: readonly number[];
  /** Captions that have the word, of all. */
  readonly captionsWithWord: number;
  readonly captions: number;
}

const dryRuns = new DryRuns();

/** Checks a draft as `coinage train` would before its first step. Whatever is wrong is part of the answer. @throws for bugs only */
export async function check({ settings, captions }: CheckRequest): Promise<Check> {
  const tokenizer = createTokenizer(await clipMerges(), { padding: "eos" });
  const { ids, problem } = idsOfWord(tokenizer, settings);
  const word = {
    ids,
    initIds: settings.initWord ? tokenizer.encode(settings.initWord) : [],
    captionsWithWord: captions.filter((caption) => settings.tokenString && caption.includes(settings.tokenString))
      .length,
    captions: captions.length,
  };
  try {
    const { run, warnings } = await dryRuns.try(await readTrainRecord(settings, "plan"));
    return { errors: problem ? [problem] : [], warnings, word, run };
  } catch (error) {
    const known = knownError(error);
    const isSame = problem?.code === known.code;
    return { errors: [...(problem && !isSame ? [problem] : []), problemOf(known)], warnings: [], word, run: undefined };
  }
}

/** A clash of the word is told even while there is no model to tell it. */
function idsOfWord(
  tokenizer: Tokenizer,
  { tokenString, numVectorsPerToken = 1 }: TrainInput,
): { readonly ids: readonly number[]; readonly problem?: Problem } {
  if (!tokenString) return { ids: [] };
  try {
    return { ids: addPlaceholder(tokenizer, tokenString, numVectorsPerToken, "--token_string").placeholder.ids };
  } catch (error) {
    return { ids: [], problem: problemOf(knownError(error)) };
  }
}

/** @throws bugs as they are */
function knownError(error: unknown): CoinageError {
  const known = error instanceof CoinageError ? error : machineProblem(error);
  if (!known) throw error;
  return known;
}

/** What a model file is, in the words of the list of models. */
export interface ModelFacts {
  readonly family: string | undefined;
  /** Type of most of the U-Net's weights: "float16". */
  readonly precision: string | undefined;
  readonly bytes: number;
  /** Why it cannot be trained on. */
  readonly problems: readonly Problem[];
  readonly isModel: boolean;
}

/** Reads the header of a model, and nothing of its weights. */
export async function inspectModel(target: string): Promise<ModelFacts> {
  const found = await inspectFile(target);
  const { bytes, problems } = found;
  if (found.kind !== "model") return { family: undefined, precision: undefined, bytes, problems, isModel: false };
  const counts = Object.entries(found.pieces.unet?.dtypes ?? {});
  const [most] = counts.sort(([, a], [, b]) => b.elements - a.elements);
  const { value: family } = found.family ?? {};
  return { family, precision: most?.[0], bytes, problems, isModel: true };
}
