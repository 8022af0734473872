import type { RunAbout } from "../../runs/index.ts";
import type { RunSummary } from "../../training/index.ts";
import type { DraftSettings } from "../drafts/settings.ts";

/** Changes to a draft's settings, made by one click. */
export interface SettingsChange {
  /** Text of the button. */
  readonly label: string;
  /** New values by flag; null removes the flag. */
  readonly settings: Readonly<Record<string, DraftSettings[string] | null>>;
}

/** A run that is to take less time or memory. */
interface Planned {
  readonly settings: DraftSettings;
  readonly run: RunSummary | undefined;
}

/** A change that may make a run cheaper; undefined if it changes nothing, or leaves too little to learn from. */
type Way = (planned: Planned) => SettingsChange | undefined;

/** Keeps fewer activations and computes them again. */
const checkpointing: Way = ({ settings, run }) =>
  settings.gradient_checkpointing === true
    ? undefined
    : {
        label: "Take less memory, and more time",
        settings: { gradient_checkpointing: true, ...(run && { cache_latents: true }) },
      };

/** Batch size: from the dataset config of a run started in a terminal, else from the settings. */
function batchOf({ dataset, batchSize }: RunSummary): number {
  return dataset.datasets[0]?.batchSize ?? batchSize;
}

/** The same images in each step, accumulated in batches of `batch`. */
function inParts(run: RunSummary, batch: number): SettingsChange {
  const parts = Math.round((run.accumulationSteps * batchOf(run)) / batch);
  return {
    label: `Lower the batch to ${batch}`,
    settings: { train_batch_size: batch, gradient_accumulation_steps: parts },
  };
}

const smallerBatch: Way = ({ run }) =>
  run && batchOf(run) > 1 ? inParts(run, Math.ceil(batchOf(run) / 2)) : undefined;

/** Smallest side in pixels: models for large images learn nothing from smaller ones. */
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

/** Draws fewer sample images. Saving at the same steps stays in step. */
const fewerImages: Way = ({ settings: { sample_every_n_steps: every, save_every_n_steps: saved }, run }) =>
  typeof every !== "number" || !run || run.expectedImages === 0
    ? undefined
    : {
        label: `Draw every ${2 * every} steps`,
        settings: { sample_every_n_steps: 2 * every, ...(saved === every && { save_every_n_steps: 2 * every }) },
      };

/** Makes a run fit into less memory, by the least costly change. */
export const lessMemory: Way = (planned) => checkpointing(planned) ?? smallerBatch(planned) ?? smallerImages(planned);

/** A change that needs less memory and learns the same: batches of one image, as many images per step, else gradient checkpointing. Undefined if both are set. */
export function sameInLessMemory(planned: Planned): SettingsChange | undefined {
  const { run } = planned;
  return run && batchOf(run) > 1 ? inParts(run, 1) : checkpointing(planned);
}

/** The checkpoint from which a run repeated with less memory continues: the last one before its end. */
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
