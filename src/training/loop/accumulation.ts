import type { MicroBatch } from "../../dataset/index.ts";
import type { ClusterEvent, ClusterFigures } from "../events.ts";
import type { OpenRun } from "../setup/open-run.ts";
import type { MicroBatchRunner } from "./micro-batches.ts";
import { type SampleContext, samplesOf } from "./micro-step.ts";
import type { MicroStepResult, MicroStepSamples } from "./micro-step-data.ts";

/** The gradients of one optimizer step, with its images and captions. */
export interface StepGradients {
  readonly kind: "gradients";
  /** One per micro-batch, in order. */
  readonly results: readonly MicroStepResult[];
  readonly imageKeys: readonly string[];
  /** Captions as trained on. */
  readonly captions: readonly string[];
  /** Cost of a shared step. */
  readonly figures: ClusterFigures | undefined;
}

/** Computes the rest of the current epoch. Yields gradients after every gradient_accumulation_steps micro-batches and at the end of the epoch,
 *  and before them events of the machines that share the step. */
export async function* accumulateSteps(
  { settings, inputs, embeddings, progress }: Pick<OpenRun, "settings" | "inputs" | "embeddings" | "progress">,
  sampleContext: SampleContext,
  runner: Pick<MicroBatchRunner, "run">,
): AsyncGenerator<StepGradients | ClusterEvent> {
  const { group, generators, replacements, length } = inputs;
  const { gradientAccumulationSteps: accumulationSteps } = settings;
  const captioning = { replacements, maxTrainSteps: length.steps, currentStep: () => progress.step };
  const batches = group.epochBatches(progress.epochNumber, progress.batchesLeft, captioning);
  try {
    for (;;) {
      const count = progress.batchesOfStep(accumulationSteps);
      if (count === 0) return;
      const taken: MicroBatch[] = [];
      const { current, lossScale } = embeddings;
      const step = { step: progress.step, embeddings: current, generators, accumulationSteps, lossScale };
      const results: MicroStepResult[] = [];
      let figures: ClusterFigures | undefined;
      for await (const output of runner.run(step, samplesOfStep(batches, count, taken, sampleContext))) {
        if (output.kind === "computed") results[output.index] = output.result;
        else if (output.kind === "figures") figures = output.figures;
        else yield output;
      }
      // the runner was closed mid-step: the run is to stop at once
      if (Object.keys(results).length < taken.length) throw new Error("the step was given up by its runner");
      for (const { loss } of results) progress.completeBatch(loss);
      const samples = taken.flatMap((batch) => batch.samples);
      const imageKeys = samples.map(({ imageKey }) => imageKey);
      const captions = samples.map(({ caption }) => caption);
      yield { kind: "gradients", results, imageKeys, captions, figures };
    }
  } finally {
    await batches.return(undefined);
  }
}

/** The samples of the next batches. taken: collects the batches. */
async function* samplesOfStep(
  batches: AsyncGenerator<MicroBatch>,
  count: number,
  taken: MicroBatch[],
  context: SampleContext,
) {
  for (let index = 0; index < count; index++) {
    const { value, done } = await batches.next();
    if (done) return;
    taken.push(value);
    yield await samplesOf(value, context);
  }
}

/** All training images as samples, one at a time, also mirrored, with arbitrary captions. */
export async function* imagesOf(
  { group, replacements }: OpenRun["inputs"],
  context: SampleContext,
): AsyncGenerator<MicroStepSamples> {
  for (const image of group.images)
    for (const number of image.subset.flipAug ? [0, 1] : [0])
      yield await samplesOf(await group.stillBatch(image, replacements, number), context);
}
