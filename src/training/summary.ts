import { type DatasetReport, reportOf } from "../dataset/index.ts";
import { countFlops } from "../graph/index.ts";
import { measureRate, type Runtime } from "../runtime/index.ts";
import type { RunSummary } from "./events.ts";
import { graphOf } from "./prepare.ts";
import type { Run } from "./run.ts";

/** What the first screen says of a run. Measures the device for a moment to tell how long the run will take. */
export async function summarize(run: Run, runtime: Runtime, deviceReason: string): Promise<RunSummary> {
  const { settings, preparation, optimizer, step, epochNumber: epoch } = run;
  const { checkpoint, word, length, seed, group } = preparation;
  const dataset: DatasetReport = reportOf(group);
  return {
    device: runtime.device,
    deviceReason,
    model: checkpoint.path,
    family: checkpoint.family.value,
    predictionType: checkpoint.predictionType.value,
    predictionReason: checkpoint.predictionType.reason,
    tokens: word.tokens,
    tokenIds: word.ids,
    layers: word.layers,
    initWord: settings.initWord,
    numTrainImages: dataset.numTrainImages,
    numRegImages: dataset.numRegImages,
    batchesPerEpoch: length.batchesPerEpoch,
    epochs: length.epochs,
    steps: length.steps,
    batchSize: settings.trainBatchSize,
    accumulationSteps: settings.gradientAccumulationSteps,
    optimizer,
    learningRate: settings.learningRate,
    schedule: settings.lrSchedulerType || settings.lrScheduler,
    seed,
    expectedSeconds: await expectedSeconds(run, runtime),
    resumed: run.isResumed && settings.resume !== undefined ? { folder: settings.resume, step, epoch } : undefined,
    dataset,
  };
}

/** Share of the rate of single large operations that whole networks reach, as measured on SD1.5 at 512x512. */
const usualShare = 0.7;

async function expectedSeconds({ settings, preparation, step }: Run, runtime: Runtime): Promise<number> {
  const { group, model, length } = preparation;
  const { lossSums, tokenGradients } = graphOf(settings, preparation);
  const { factor } = model.vae.architecture;
  const flops = group.datasets.map(({ plan, buckets }) => {
    const batches = buckets.map(({ resolution: [width, height], images }) => {
      const sizes = new Map(
        Object.entries({ batch: plan.batchSize, width: width / factor, height: height / factor, vectors: 1 }),
      );
      return countFlops([lossSums, ...tokenGradients], sizes) * Math.ceil(images.length / plan.batchSize);
    });
    return batches.reduce((sum, value) => sum + value, 0);
  });
  const perEpoch = flops.reduce((sum, value) => sum + value, 0);
  const { convolution, matrix } = await measureRate(runtime);
  const microSteps = Math.max(0, length.steps - step) * settings.gradientAccumulationSteps;
  return (perEpoch * microSteps) / length.batchesPerEpoch / (usualShare * Math.min(convolution, matrix));
}
