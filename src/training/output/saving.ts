import { CoinageError, machineProblem } from "../../errors/index.ts";
import { quotedWord } from "../../files/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { TrainingEvent } from "../events.ts";
import type { Run } from "../loop/run.ts";
import { isStateOf } from "../state/index.ts";
import { embeddingFile, type Moment, stateFolder } from "./names.ts";
import { signsOfWriting, type Written } from "./output-folder.ts";
import { removeOutdated } from "./pruning.ts";

/** Epochs between saves: --save_n_epoch_ratio goes before --save_every_n_epochs. */
export function epochInterval(settings: TrainSettings, epochs: number): number | undefined {
  const { saveNEpochRatio, saveEveryNEpochs } = settings;
  return saveNEpochRatio ? Math.max(1, Math.floor(epochs / saveNEpochRatio)) : saveEveryNEpochs;
}

/** Where a save went. */
interface Saved {
  readonly embedding: Written;
  readonly state: Written | undefined;
}

/** Writes the word as it is now, where asked for the state of the run as well, and removes the saves that are no longer kept. */
export async function* save(run: Run, moment: Moment, hasState: boolean): AsyncGenerator<TrainingEvent, Saved> {
  const { settings, output, tally, step, epochNumber: epoch } = run;
  const embedding = await output.write(
    embeddingFile(settings, moment),
    (file) => run.writeEmbedding(file),
    (file) => run.mayReplaceEmbedding(file),
  );
  yield* tally.addAll(signsOfWriting(embedding));
  if (embedding.path !== undefined) {
    await run.noteEmbedding(embedding.path, moment);
    yield { kind: "saved", file: embedding.path, step, epoch, isFinal: moment.kind === "final" };
  }

  const state = hasState
    ? await output.write(
        stateFolder(settings, moment),
        (folder) => run.writeState(folder),
        (folder) => run.mayReplaceState(folder),
      )
    : undefined;
  if (state) yield* tally.addAll(signsOfWriting(state));
  if (state?.path !== undefined) yield { kind: "stateSaved", folder: state.path, step, epoch };

  if (embedding.problem || state?.problem) return { embedding, state };
  const removed = await removeOutdated(settings, moment, run.keepRules, {
    embedding: (file) => run.hasWritten(file),
    state: (folder) => isStateOf(folder, run.id),
  });
  run.forget(removed);
  for (const file of removed) yield { kind: "removed", file };
  return { embedding, state };
}

/** The saves at the end of a run, whether it came to its end or was stopped; none when it was stopped before its first step: what earlier runs
 *  have written stays. @throws OUTPUT_UNWRITABLE when the word is not where it should be */
export async function* saveAtEnd(run: Run): AsyncGenerator<TrainingEvent> {
  if (!run.hasPlaceholders && !run.isFinished) return;
  const { embedding } = yield* saveLast(run);
  if (embedding.problem) throw embedding.problem;
}

/** Passes on what happens in a run. An error ends it only after what was learned is saved with its state, as it was after the last whole step.
 *  @throws what the events throw, with where it is saved and how to go on */
export async function* savedOnFailure(run: Run, events: AsyncIterable<TrainingEvent>): AsyncGenerator<TrainingEvent> {
  try {
    yield* events;
  } catch (cause) {
    if (!run.hasPlaceholders) throw cause;
    run.undoUnfinishedStep();
    const saved = yield* saveLast(run, cause);
    const problem = cause instanceof CoinageError ? cause : machineProblem(cause);
    throw problem ? withPlaces(problem, saved, run.step) : cause;
  }
}

async function* saveLast(run: Run, failure?: unknown): AsyncGenerator<TrainingEvent, Saved> {
  const { settings, hasPlaceholders, isFinished } = run;
  const wantsState = settings.saveState || settings.saveStateOnTrainEnd || !isFinished;
  const saved = yield* save(run, { kind: "final" }, wantsState && hasPlaceholders);
  const { embedding, state } = saved;
  if (embedding.path !== undefined) yield run.done(embedding.path, state?.path, failure);
  return saved;
}

function withPlaces(cause: CoinageError, { embedding, state }: Saved, step: number): CoinageError {
  const { code, message, where, hint } = cause;
  const places = [
    ...(embedding.path === undefined
      ? []
      : [`What was learned in ${step} ${step === 1 ? "step" : "steps"} is saved: ${embedding.path}`]),
    ...(state?.path === undefined
      ? []
      : [`When everything is as it was at the start, go on with --resume ${quotedWord(state.path)}`]),
    // A picture that was damaged from the start cannot be mended and be as it was.
    ...(embedding.path === undefined
      ? []
      : [`With pictures or settings changed, start from its vectors with --weights ${quotedWord(embedding.path)}`]),
  ];
  return new CoinageError(code, message, {
    ...(where !== undefined && { where }),
    hint: [...(hint === undefined ? [] : [hint]), ...places].join("\n"),
    cause,
  });
}
