import type { LoadedMicroStep, OpenRun } from "../setup/open-run.ts";
import { type MicroStepResult, microStep, samplesOf } from "./micro-step.ts";
import type { EpochProgress } from "./progress.ts";

/** The micro-batches of one optimizer step, computed. */
export interface AccumulatedStep {
  /** In the order of the batches. */
  readonly results: readonly MicroStepResult[];
  readonly imageKeys: readonly string[];
  /** As they were trained on. */
  readonly captions: readonly string[];
}

/** Goes through what is left of an epoch: hands out control whenever the micro-batches of an optimizer step are computed,
 *  that is after every gradient_accumulation_steps of them and at the end of the epoch. */
export async function* accumulateSteps(
  { settings, inputs, embeddings, progress }: Pick<OpenRun, "settings" | "inputs" | "embeddings" | "progress">,
  { samples: sampleContext, microSteps }: LoadedMicroStep,
  { number, order, losses }: EpochProgress,
): AsyncGenerator<AccumulatedStep> {
  const { group, generators, replacements, length } = inputs;
  const { gradientAccumulationSteps: accumulationSteps } = settings;
  let results: MicroStepResult[] = [];
  let imageKeys: string[] = [];
  let captions: string[] = [];
  const captioning = { replacements, maxTrainSteps: length.steps, currentStep: () => progress.step };
  for await (const batch of group.epochBatches(number, order.slice(losses.length), captioning)) {
    const samples = await samplesOf(batch, sampleContext);
    const { tables, lossScale } = embeddings;
    const result = await microStep(microSteps, tables, samples, generators, { accumulationSteps, lossScale });
    results.push(result);
    losses.push(result.loss);
    imageKeys.push(...batch.samples.map(({ imageKey }) => imageKey));
    captions.push(...batch.samples.map(({ caption }) => caption));
    if (losses.length % accumulationSteps !== 0 && losses.length !== order.length) continue;
    yield { results, imageKeys, captions };
    [results, imageKeys, captions] = [[], [], []];
  }
}
