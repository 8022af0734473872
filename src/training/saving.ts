import type { TrainSettings } from "../options/index.ts";
import type { TrainingEvent } from "./events.ts";
import { rescueSign, type Written } from "./output.ts";
import { embeddingFile, type Moment, stateFolder } from "./output-names.ts";
import { keepRules, removeOutdated } from "./pruning.ts";
import type { Run } from "./run.ts";

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
  const embedding = await output.write(embeddingFile(settings, moment), (file) => run.writeEmbedding(file));
  if (embedding.problem) yield* tally.addAll([rescueSign(embedding.problem)]);
  if (embedding.path !== undefined)
    yield { kind: "saved", file: embedding.path, step, epoch, isFinal: moment.kind === "final" };

  const state = hasState
    ? await output.write(stateFolder(settings, moment), (folder) => run.writeState(folder))
    : undefined;
  if (state?.problem) yield* tally.addAll([rescueSign(state.problem)]);
  if (state?.path !== undefined) yield { kind: "stateSaved", folder: state.path, step, epoch };

  if (embedding.problem || state?.problem) return { embedding, state };
  const removed = await removeOutdated(settings, moment, keepRules(settings, run.epochInterval));
  for (const file of removed) yield { kind: "removed", file };
  return { embedding, state };
}

/** The saves at the end of a run, whether it came to its end or was stopped; none when it was stopped before its first step: what earlier runs
 *  have written stays. @throws OUTPUT_UNWRITABLE when the word is not where it should be */
export async function* saveAtEnd(run: Run): AsyncGenerator<TrainingEvent> {
  const { settings, hasLearned, isFinished } = run;
  if (!hasLearned && !isFinished) return;
  const wantsState = settings.saveState || settings.saveStateOnTrainEnd || !isFinished;
  const { embedding, state } = yield* save(run, { kind: "final" }, wantsState && hasLearned);
  const file = embedding.path;
  if (file !== undefined) yield run.done(file, state?.path);
  if (embedding.problem) throw embedding.problem;
}
