import type { OpenRun } from "../setup/open-run.ts";
import { type MicroStepResult, microStep, samplesOf } from "./micro-step.ts";
import type { LoadedMicroStep } from "./micro-step-program.ts";

/** The gradients of one optimizer step, and what they were computed from. */
export interface StepGradients {
  /** Of its micro-batches, in their order. */
  readonly results: readonly MicroStepResult[];
  readonly imageKeys: readonly string[];
  /** As they were trained on. */
  readonly captions: readonly string[];
}

/** Computes what is left of the epoch under way. Yields after every gradient_accumulation_steps micro-batches, and at the end of the epoch. */
export async function* accumulateSteps(
  { settings, inputs, embeddings, progress }: Pick<OpenRun, "settings" | "inputs" | "embeddings" | "progress">,
  { sampleContext, microStepContext }: LoadedMicroStep,
): AsyncGenerator<StepGradients> {
  const { group, generators, replacements, length } = inputs;
  const { gradientAccumulationSteps: accumulationSteps } = settings;
  let results: MicroStepResult[] = [];
  let imageKeys: string[] = [];
  let captions: string[] = [];
  const captioning = { replacements, maxTrainSteps: length.steps, currentStep: () => progress.step };
  for await (const batch of group.epochBatches(progress.epochNumber, progress.batchesLeft, captioning)) {
    const samples = await samplesOf(batch, sampleContext);
    const { current, lossScale } = embeddings;
    const part = { accumulationSteps, index: results.length, lossScale };
    const result = await microStep(microStepContext, current, samples, generators, part);
    results.push(result);
    progress.completeBatch(result.loss);
    imageKeys.push(...batch.samples.map(({ imageKey }) => imageKey));
    captions.push(...batch.samples.map(({ caption }) => caption));
    if (!progress.isStepDue(accumulationSteps)) continue;
    yield { results, imageKeys, captions };
    [results, imageKeys, captions] = [[], [], []];
  }
}
