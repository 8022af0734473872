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

/** The run that is saved. */
interface SavedRun {
  readonly settings: Pick<TrainSettings, "saveState" | "saveStateOnTrainEnd" | "keep">;
  readonly inputs: { readonly placeholder: Pick<PreparedPlaceholder, "tokens" | "tokenizers"> };
  readonly progress: Progress;
  readonly files: RunFiles;
  readonly warnings: WarningCounter;
  /** Start time, in ms, from performance.now(). */
  readonly startTime: number;
  /** Writes its report, where it has one, once the embedding is saved. */
  readonly report?: {
    write(saved: {
      readonly file: string;
      /** What prompts call it by. */
      readonly word: string;
      /** The message of the error that has ended it. */
      readonly failure: string | undefined;
    }): AsyncGenerator<TrainingEvent>;
  };
}

/** Where a save went. */
interface Saved {
  readonly embedding: Written;
  readonly state: Written | undefined;
}

/** Writes the embedding as it is now, where asked for the state of the run as well, and removes the saves that are no longer kept. */
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

/** The saves at the end of a run, whether it finished or was stopped; none when it was stopped before its first step: what earlier runs
 *  have written stays. @throws OUTPUT_UNWRITABLE when the embedding is not where it should be */
export async function* saveAtEnd(run: SavedRun): AsyncGenerator<TrainingEvent> {
  const { hasLearned, isFinished } = run.progress;
  if (!hasLearned && !isFinished) return;
  const { embedding } = yield* saveLast(run);
  if (embedding.problem) throw embedding.problem;
}

/** Passes on what happens in a run. An error ends it only after what was learned is saved with its state, as it was after the last whole step.
 *  @throws what the events throw, with where it is saved and how to go on */
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

/** The last event of a run. failure: what has ended it too early. */
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
    // An image that was damaged from the start cannot be mended and be as it was.
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
