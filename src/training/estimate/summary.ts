import { mean } from "../../array/index.ts";
import { type DatasetReport, reportOf } from "../../dataset/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { type DeviceRate, measureRate, type OpenDevice } from "../../runtime/index.ts";
import type { RunSummary } from "../events.ts";
import type { LoweredMicroStep } from "../loop/micro-step-program.ts";
import { summaryOf } from "../recipes/summary.ts";
import { availableBytes } from "../setup/device.ts";
import type { OpenRun } from "../setup/open-run.ts";
import { templateOf, usualNorms } from "../setup/placeholder.ts";
import { batteryWarnings } from "../setup/power.ts";
import type { Warning } from "../warnings.ts";
import { expectedRest } from "./drawing.ts";
import { estimateRun } from "./estimate.ts";
import { memoryWarnings } from "./plan.ts";

/** The contents of a run's first screen, and warnings if memory or battery will not suffice. Measures the device briefly for the time estimate, unless its rate is known. */
export async function summarize(
  run: Pick<OpenRun, "settings" | "recipe" | "inputs" | "optimizer" | "progress" | "previewRequests">,
  device: OpenDevice,
  microStep: LoweredMicroStep,
  measured?: DeviceRate,
): Promise<{ readonly summary: RunSummary; readonly warnings: readonly Warning[] }> {
  const { settings, recipe, inputs, optimizer, progress, previewRequests } = run;
  const { step, epochNumber: epoch, isResumed } = progress;
  const { checkpoint, placeholder, length, seed, group } = inputs;
  const dataset: DatasetReport = reportOf(group);
  const rate = measured ?? (await measureRate(device.runtime));
  const expected = (changed: TrainSettings) => estimateRun(changed, inputs, device, rate);
  const estimate = estimateRun(settings, inputs, device, rate, microStep);
  const rest = expectedRest(settings, inputs, previewRequests, estimate, rate, step);
  const available = availableBytes(device.runtime.device);
  const summary: RunSummary = {
    device: device.runtime.device,
    deviceReason: device.reason,
    model: checkpoint.path,
    family: checkpoint.family.value,
    predictionType: checkpoint.predictionType.value,
    predictionReason: checkpoint.predictionType.reason,
    tokens: placeholder.tokens,
    tokenIds: placeholder.ids,
    layers: placeholder.layers,
    initWord: settings.initWord,
    usualNorm: mean(usualNorms(placeholder)),
    numTrainImages: dataset.numTrainImages,
    numRegImages: dataset.numRegImages,
    batchesPerEpoch: length.batchesPerEpoch,
    epochs: length.epochs,
    steps: length.steps,
    batchSize: settings.trainBatchSize,
    accumulationSteps: settings.gradientAccumulationSteps,
    optimizer,
    learningRate: settings.learningRate,
    stepAngle: settings.stepAngle,
    schedule: settings.lrSchedulerType || settings.lrScheduler,
    seed,
    expectedImages: rest.images,
    expectedSeconds: rest.seconds,
    expectedPeakBytes: estimate.memory.peak,
    availableBytes: available,
    resumed: isResumed && settings.resume !== undefined ? { folder: settings.resume, step, epoch } : undefined,
    dataset,
    recipe: recipe && summaryOf(recipe, settings),
    template: templateOf(settings),
  };
  const warnings = [
    ...memoryWarnings(estimate, settings, available, expected),
    ...(await batteryWarnings(summary.expectedSeconds, settings)),
  ];
  return { summary, warnings };
}
