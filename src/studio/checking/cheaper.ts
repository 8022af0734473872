import type { RunAbout } from "../../runs/index.ts";
import type { RunSummary } from "../../training/index.ts";
import type { DraftSettings } from "../drafts/settings.ts";

/** What one click changes in the settings of a draft. */
export interface SettingsChange {
  /** What the button says. */
  readonly label: string;
  /** New values by flag; null: as if it were not given. */
  readonly settings: Readonly<Record<string, DraftSettings[string] | null>>;
}

/** What is known of a run that is to take less. */
interface Planned {
  readonly settings: DraftSettings;
  readonly run: RunSummary | undefined;
}

/** A change that may make a run cheaper; undefined where it changes nothing, or leaves too little to learn from. */
type Way = (planned: Planned) => SettingsChange | undefined;

/** Keeps fewer results of the networks, and computes them again. */
const checkpointing: Way = ({ settings, run }) =>
  settings.gradient_checkpointing === true
    ? undefined
    : {
        label: "Take less memory, and more time",
        settings: { gradient_checkpointing: true, ...(run && { cache_latents: true }) },
      };

/** Images at once: as a dataset config of a run from a terminal says, else as the settings do. */
function batchOf({ dataset, batchSize }: RunSummary): number {
  return dataset.datasets[0]?.batchSize ?? batchSize;
}

/** The same images in each step, in parts of so many. */
function inParts(run: RunSummary, batch: number): SettingsChange {
  const parts = Math.round((run.accumulationSteps * batchOf(run)) / batch);
  return {
    label: `Lower the batch to ${batch}`,
    settings: { train_batch_size: batch, gradient_accumulation_steps: parts },
  };
}

const smallerBatch: Way = ({ run }) =>
  run && batchOf(run) > 1 ? inParts(run, Math.ceil(batchOf(run) / 2)) : undefined;

/** Models for large images learn nothing from those of fewer pixels a side. */
const smallestSide = 256;

const smallerImages: Way = ({ run }) => {
  const [side = 0] = run?.dataset.datasets[0]?.resolution ?? [];
  const smaller = Math.round((side * 0.75) / 64) * 64;
  return smaller < smallestSide
    ? undefined
    : { label: `Train at ${smaller} pixels`, settings: { resolution: [smaller, smaller] } };
};

const quickRecipe: Way = ({ settings }) =>
  settings.recipe === "auto" || settings.recipe === "object"
    ? { label: "Use the quick recipe", settings: { recipe: "quick" } }
    : undefined;

const halfSteps: Way = ({ settings, run }) => {
  if (!run) return undefined;
  const steps = Math.ceil(run.steps / 2);
  const isByEpochs = settings.max_train_epochs !== undefined;
  return {
    label: `Make half the steps, ${steps}`,
    settings: { max_train_steps: steps, ...(isByEpochs && { max_train_epochs: null }) },
  };
};

/** What is drawn and saved at the same steps stays so. */
const fewerImages: Way = ({ settings: { sample_every_n_steps: every, save_every_n_steps: saved }, run }) =>
  typeof every !== "number" || !run || run.expectedImages === 0
    ? undefined
    : {
        label: `Draw every ${2 * every} steps`,
        settings: { sample_every_n_steps: 2 * every, ...(saved === every && { save_every_n_steps: 2 * every }) },
      };

/** Makes a run fit into less memory: what costs least first. */
export const lessMemory: Way = (planned) => checkpointing(planned) ?? smallerBatch(planned) ?? smallerImages(planned);

/** What needs less memory and teaches the same: one image after the other, in as many to a step; else computing results twice. Undefined where both are so. */
export function sameInLessMemory(planned: Planned): SettingsChange | undefined {
  const { run } = planned;
  return run && batchOf(run) > 1 ? inParts(run, 1) : checkpointing(planned);
}

/** The saved vectors from which a run that is made again with less memory goes on: the last ones before its end. */
export function lastSaved(
  checkpoints: RunAbout["checkpoints"],
  steps: number,
): RunAbout["checkpoints"][number] | undefined {
  const saved = checkpoints.filter(({ kind, step }) => (kind === "step" || kind === "last") && step < steps);
  return saved.reduce((a, b) => (a && a.step > b.step ? a : b), saved[0]);
}

/** All ways to make a run cheaper, those that save time first. */
export function cheaperWays(planned: Planned): readonly SettingsChange[] {
  const ways = [quickRecipe, halfSteps, fewerImages, smallerImages, smallerBatch, checkpointing];
  return ways.flatMap((way) => way(planned) ?? []);
}
