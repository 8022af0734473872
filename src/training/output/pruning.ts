import { rm } from "node:fs/promises";
import { removeFolder } from "../../files/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { embeddingFile, type Moment, stateFolder } from "./names.ts";

/** Epochs between saves: --save_n_epoch_ratio takes precedence over --save_every_n_epochs. */
export function epochInterval(
  { saveNEpochRatio, saveEveryNEpochs }: Pick<TrainSettings, "saveNEpochRatio" | "saveEveryNEpochs">,
  epochs: number,
): number | undefined {
  return saveNEpochRatio ? Math.max(1, Math.floor(epochs / saveNEpochRatio)) : saveEveryNEpochs;
}

/** Which saves are kept. */
interface KeepRule {
  readonly everyNEpochs: number | undefined;
  readonly everyNSteps: number | undefined;
  /** Number of epoch saves to keep. */
  readonly lastNEpochs: number | undefined;
  /** Age in steps up to which step saves are kept. */
  readonly lastNSteps: number | undefined;
}

/** The rules for embeddings and for states; interval: epochs between saves. */
export function keepRules(settings: TrainSettings, interval: number | undefined) {
  const { saveEveryNSteps: everyNSteps, saveLastNEpochs, saveLastNSteps } = settings;
  const { saveLastNEpochsState, saveLastNStepsState } = settings;
  const common = { everyNEpochs: interval, everyNSteps };
  return {
    embedding: { ...common, lastNEpochs: saveLastNEpochs, lastNSteps: saveLastNSteps },
    state: {
      ...common,
      lastNEpochs: saveLastNEpochsState || saveLastNEpochs,
      lastNSteps: saveLastNStepsState || saveLastNSteps,
    },
  } satisfies Record<string, KeepRule>;
}

/** Whether saves of a kind are ever removed. */
export function isPruned(
  { everyNEpochs, everyNSteps, lastNEpochs, lastNSteps }: KeepRule,
  kind: Moment["kind"],
): boolean {
  const rule = kind === "epoch" ? [everyNEpochs, lastNEpochs] : kind === "step" ? [everyNSteps, lastNSteps] : [0];
  return rule.every(Boolean);
}

/** The save to remove when this one is made; undefined if none. Source: sd-scripts `library/train_util.py`, get_remove_epoch_no and get_remove_step_no. */
function outdatedMoment(
  { everyNEpochs, everyNSteps, lastNEpochs, lastNSteps }: KeepRule,
  moment: Moment,
): Moment | undefined {
  if (moment.kind === "epoch" && everyNEpochs && lastNEpochs) {
    const epoch = moment.epoch - everyNEpochs * lastNEpochs;
    return epoch >= 0 ? { kind: "epoch", epoch } : undefined;
  }
  if (moment.kind === "step" && everyNSteps && lastNSteps) {
    const newest = moment.step - lastNSteps - 1;
    const step = newest - (newest % everyNSteps);
    return newest >= 0 ? { kind: "step", step } : undefined;
  }
  return undefined;
}

/** Whether a file or a folder is of this run, or of one that it resumes. */
interface Ownership {
  readonly embedding: (file: string) => Promise<boolean>;
  readonly state: (folder: string) => Promise<boolean>;
}

/** Removes the embedding file and the state folder that are no longer kept; returns those removed.
 *  Failures are ignored: they must not end a run.
 *  differs from sd-scripts: an outdated save is removed by its name, of another run, too.
 *  coinage: outdated saves of the run itself are removed, and nothing of another run.
 *  because: a name does not tell whose a file is, and a removed one cannot be had back. */
export async function removeOutdated(
  settings: TrainSettings,
  moment: Moment,
  rules: ReturnType<typeof keepRules>,
  isOwn: Ownership,
): Promise<string[]> {
  const [embedding, state] = [outdatedMoment(rules.embedding, moment), outdatedMoment(rules.state, moment)];
  const removed: string[] = [];
  const file = embedding && embeddingFile(settings, embedding);
  if (file && (await isOwn.embedding(file)) && (await succeeds(rm(file)))) removed.push(file);
  const folder = state && stateFolder(settings, state);
  if (folder && (await isOwn.state(folder)) && (await succeeds(removeFolder(folder)))) removed.push(folder);
  return removed;
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
