import type { TrainSettings } from "../../options/index.ts";
import type { Preparation } from "../setup/prepare.ts";
import type { EpochProgress } from "../state/index.ts";
import type { Learner } from "./embeddings.ts";
import { type MicroStepContext, microStep, type SampleContext, samplesOf } from "./micro-step.ts";

/** The micro-batches of one optimizer step, computed and gathered. */
export interface GatheredStep {
  /** Loss of each micro-batch. */
  readonly losses: readonly number[];
  readonly imageKeys: readonly string[];
  /** As they were trained on. */
  readonly captions: readonly string[];
}

export interface GatherContext {
  readonly settings: TrainSettings;
  readonly preparation: Preparation;
  readonly microSteps: MicroStepContext;
  readonly samples: SampleContext;
  readonly learner: Learner;
  /** Optimizer steps done so far. */
  readonly currentStep: () => number;
}

/** Goes through what is left of an epoch: hands out control whenever gradients for an optimizer step are gathered,
 *  that is after every gradient_accumulation_steps micro-batches and at the end of the epoch. */
export async function* gatherSteps(context: GatherContext, epoch: EpochProgress): AsyncGenerator<GatheredStep> {
  const { settings, preparation, microSteps, samples, learner, currentStep } = context;
  const { group, generators, replacements, length } = preparation;
  const accumulationSteps = settings.gradientAccumulationSteps;
  const { number, order, losses } = epoch;
  const epochContext = { replacements, maxTrainSteps: length.steps, currentStep };
  let first = losses.length;
  let imageKeys: string[] = [];
  let captions: string[] = [];
  for await (const batch of group.epochBatches(number, order.slice(first), epochContext)) {
    const inputs = await samplesOf(batch, samples);
    const result = await microStep(microSteps, learner.rows, inputs, generators, accumulationSteps);
    learner.gather(result);
    losses.push(result.loss);
    imageKeys.push(...batch.samples.map(({ imageKey }) => imageKey));
    captions.push(...batch.samples.map(({ caption }) => caption));
    if (losses.length % accumulationSteps !== 0 && losses.length !== order.length) continue;
    yield { losses: losses.slice(first), imageKeys, captions };
    first = losses.length;
    [imageKeys, captions] = [[], []];
  }
}
