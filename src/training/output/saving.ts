import path from "node:path";
import { CoinageError, machineProblem } from "../../errors/index.ts";
import { quotedWord } from "../../files/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { callableName } from "../../pipeline/index.ts";
import type { TrainingEvent } from "../events.ts";
import type { Progress } from "../loop/progress.ts";
import { isOfVocabulary, type PreparedPlaceholder } from "../setup/placeholder.ts";
import type { WarningCounter } from "../warnings.ts";
import type { Moment } from "./names.ts";
import { type Written, writeWarnings } from "./output-folder.ts";
import type { RunFiles } from "./run-files.ts";

/** The run to save. */
interface SavedRun {
  readonly settings: Pick<TrainSettings, "saveState" | "saveStateOnTrainEnd" | "keep">;
  readonly inputs: { readonly placeholder: Pick<PreparedPlaceholder, "tokens" | "tokenizers"> };
  readonly progress: Progress;
  readonly files: RunFiles;
  readonly warnings: WarningCounter;
  /** Start time, in ms, from performance.now(). */
  readonly startTime: number;
  /** Writes the report, if there is one, after the embedding. */
  readonly report?: {
    write(saved: {
      readonly file: string;
      /** The word for prompts. */
      readonly word: string;
      /** The message of the error that ended the run. */
      readonly failure: string | undefined;
    }): AsyncGenerator<TrainingEvent>;
  };
}

/** Where a save went. */
interface Saved {
  readonly embedding: Written;
  readonly state: Written | undefined;
}

/** Writes the current embedding and, on request, the training state, and removes outdated saves. */
export async function* save(
  { progress, files, warnings }: Pick<SavedRun, "progress" | "files" | "warnings">,
  moment: Moment,
  withState: boolean,
): AsyncGenerator<TrainingEvent, Saved> {
  const { step, epochNumber: epoch } = progress;
  const embedding = await files.writeEmbedding(moment);
  yield* warnings.add(writeWarnings(embedding));
  if (embedding.path !== undefined)
    yield { kind: "saved", file: embedding.path, step, epoch, isFinal: moment.kind === "final" };

  const state = withState ? await files.writeState(moment) : undefined;
  if (state) yield* warnings.add(writeWarnings(state));
  if (state?.path !== undefined) yield { kind: "stateSaved", folder: state.path, step, epoch };

  if (embedding.problem || state?.problem) return { embedding, state };
  for (const file of await files.removeOutdated(moment)) yield { kind: "removed", file };
  return { embedding, state };
}

/** Saves at the end of a run, finished or stopped. Saves nothing if it was stopped before its first step: files of earlier runs
 *  stay. @throws OUTPUT_UNWRITABLE if the embedding had to be rescued */
export async function* saveAtEnd(run: SavedRun): AsyncGenerator<TrainingEvent> {
  const { hasLearned, isFinished } = run.progress;
  if (!hasLearned && !isFinished) return;
  const { embedding } = yield* saveLast(run);
  if (embedding.problem) throw embedding.problem;
}

/** Passes on a run's events. After an error, first saves embedding and state as of the last whole step.
 *  @throws any error of the events, with where the run was saved and how to resume it */
export async function* savedOnFailure(
  run: SavedRun,
  events: AsyncIterable<TrainingEvent>,
): AsyncGenerator<TrainingEvent> {
  const { progress } = run;
  try {
    yield* events;
  } catch (cause) {
    if (!progress.hasLearned) throw cause;
    progress.undoUnfinishedStep();
    const saved = yield* saveLast(run, cause);
    const problem = cause instanceof CoinageError ? cause : machineProblem(cause);
    throw problem ? withPlaces(problem, saved, progress.step) : cause;
  }
}

async function* saveLast(run: SavedRun, failure?: unknown): AsyncGenerator<TrainingEvent, Saved> {
  const { settings, progress } = run;
  const { hasLearned, isFinished } = progress;
  const wantsState = settings.saveState || settings.saveStateOnTrainEnd || !isFinished;
  const saved = yield* save(run, { kind: "final" }, wantsState && hasLearned);
  const { embedding, state } = saved;
  if (settings.keep === "both" && isFinished && failure === undefined) yield* save(run, { kind: "last" }, false);
  if (embedding.path === undefined) return saved;
  const done = doneEvent(run, embedding.path, state?.path, failure);
  if (run.report) yield* run.report.write(done);
  yield { ...done, seconds: secondsOf(run), warnings: run.warnings.list() };
  return saved;
}

/** The last event of a run. failure: the error that ended it. */
export function doneEvent(
  { inputs: { placeholder }, progress, warnings, startTime }: SavedRun,
  file: string,
  state: string | undefined,
  failure?: unknown,
): Extract<TrainingEvent, { kind: "done" }> {
  const vectors = placeholder.tokens.length;
  return {
    kind: "done",
    file,
    word: callableName(path.parse(file).name, vectors, (token) => isOfVocabulary(token, placeholder)),
    state,
    failure: failure === undefined ? undefined : failure instanceof Error ? failure.message : String(failure),
    step: progress.step,
    seconds: secondsOf({ startTime }),
    isInterrupted: !progress.isFinished,
    ...(progress.stopReason !== undefined && { stopReason: progress.stopReason }),
    warnings: warnings.list(),
  };
}

function secondsOf({ startTime }: Pick<SavedRun, "startTime">): number {
  return (performance.now() - startTime) / 1000;
}

function withPlaces(cause: CoinageError, { embedding, state }: Saved, step: number): CoinageError {
  const { code, message, where, hint } = cause;
  const places = [
    ...(embedding.path === undefined
      ? []
      : [`What was learned in ${step} ${step === 1 ? "step" : "steps"} is saved: ${embedding.path}`]),
    ...(state?.path === undefined
      ? []
      : [`To continue, when everything is as it was at the start: --resume ${quotedWord(state.path)}`]),
    // an image that was damaged from the start cannot be repaired and stay the same
    ...(embedding.path === undefined
      ? []
      : [
          `To continue with images or settings changed, start from its vectors: --weights ${quotedWord(embedding.path)}`,
        ]),
  ];
  return new CoinageError(code, message, {
    ...(where !== undefined && { where }),
    hint: [...(hint === undefined ? [] : [hint]), ...places].join("\n"),
    cause,
  });
}
