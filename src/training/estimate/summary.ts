import { type DatasetReport, reportOf } from "../../dataset/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { measureRate, type OpenDevice } from "../../runtime/index.ts";
import type { Sign } from "../diagnostics/step-warnings.ts";
import type { RunSummary } from "../events.ts";
import type { Run } from "../loop/run.ts";
import { availableBytes } from "../setup/device.ts";
import { expectRun } from "./estimate.ts";
import { memorySigns } from "./plan.ts";

/** What the first screen says of a run, and a warning where the memory will not do. Measures the device for a moment to tell how long the run will take. */
export async function summarize(
  run: Run,
  device: OpenDevice,
): Promise<{ readonly summary: RunSummary; readonly signs: readonly Sign[] }> {
  const { settings, preparation, optimizer, step, epochNumber: epoch } = run;
  const { checkpoint, word, length, seed, group } = preparation;
  const dataset: DatasetReport = reportOf(group);
  const rate = await measureRate(device.runtime);
  const expected = (changed: TrainSettings) => expectRun(changed, preparation, device, rate);
  const expectation = expectRun(settings, preparation, device, rate, run.draft(device));
  const available = availableBytes(device.runtime.device);
  const summary: RunSummary = {
    device: device.runtime.device,
    deviceReason: device.reason,
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
    expectedSeconds: Math.max(0, length.steps - step) * expectation.secondsPerStep,
    expectedPeakBytes: expectation.memory.peak,
    availableBytes: available,
    resumed: run.isResumed && settings.resume !== undefined ? { folder: settings.resume, step, epoch } : undefined,
    dataset,
  };
  return { summary, signs: memorySigns(expectation, settings, available, expected) };
}
