import type { DatasetGroup } from "../../dataset/index.ts";
import { noiseSchedule } from "../../diffusion/index.ts";
import { parsePythonArguments, resolveStepCount, type TrainSettings } from "../../options/index.ts";
import type { GenerationRequest } from "../../pipeline/index.ts";
import type { LoweredProgram } from "../../runtime/index.ts";
import { captionWarnings } from "../diagnostics/caption-warnings.ts";
import { learningRateWarnings } from "../diagnostics/learning-warnings.ts";
import { maxTokenLengthOf } from "../diagnostics/placeholder-reader.ts";
import { TrainableEmbeddings, tableShapes } from "../loop/embeddings.ts";
import { type MicroStepContext, microStepOutputs, type SampleContext } from "../loop/micro-step.ts";
import { type MicroStepGraph, microStepGraph } from "../loop/micro-step-graph.ts";
import { Progress } from "../loop/progress.ts";
import { createSchedule } from "../lr-schedules/index.ts";
import { chooseOptimizer, createOptimizer, optimizerWarnings } from "../optimizers/index.ts";
import { metadataOf } from "../output/metadata.ts";
import { earlierFileWarnings, namingWarnings } from "../output/names.ts";
import { readPreviews } from "../output/previews.ts";
import { RunFiles } from "../output/run-files.ts";
import { environmentOf, type FoundState, identityOf, resumeWarnings } from "../state/index.ts";
import type { VaeEncoder } from "../vae-encoder.ts";
import { type Warning, WarningCounter } from "../warnings.ts";
import type { ComputingDevice } from "./device.ts";
import type { TrainingInputs } from "./inputs.ts";
import { startOf } from "./length.ts";

/** The parts of a run before its first step. Each knows nothing of the others. */
export interface OpenRun {
  readonly settings: TrainSettings;
  readonly inputs: TrainingInputs;
  readonly embeddings: TrainableEmbeddings;
  /** Name of the optimizer. */
  readonly optimizer: string;
  /** Of the next step. */
  readonly learningRate: () => number;
  readonly progress: Progress;
  readonly files: RunFiles;
  /** Sample images to generate. */
  readonly previewRequests: readonly GenerationRequest[];
  readonly warnings: WarningCounter;
  /** To be shown before the first step. */
  readonly startWarnings: readonly Warning[];
  /** Of performance.now(). */
  readonly startTime: number;
}

/** Opens all that changes during a run: embeddings with their optimizer and learning rate, progress, files. found: what it goes on from.
 *  @throws STATE_MISMATCH, and what settings of these throw */
export async function openRun(settings: TrainSettings, inputs: TrainingInputs, found?: FoundState): Promise<OpenRun> {
  const { placeholder, checkpoint, length, generators, seed } = inputs;
  const state = found?.kind === "own" ? found.state : undefined;
  // as things are at the start, for images may change or go
  const identity = await identityOf(settings, inputs);
  const ofResuming = found ? await resumeWarnings(found, identity, settings, length.steps) : [];

  const choice = chooseOptimizer({ ...settings, optimizerArgs: parsePythonArguments(settings.optimizerArgs ?? []) });
  const optimizer = createOptimizer(choice, tableShapes(placeholder.initialEmbeddings, placeholder.vocabularies));
  const lrSchedulerArgs = parsePythonArguments(settings.lrSchedulerArgs ?? [], "--lr_scheduler_args");
  const scheduleSettings = {
    ...settings,
    lrSchedulerArgs,
    learningRateSource: choice.learningRate,
    lrWarmupSteps: resolveStepCount(settings.lrWarmupSteps, length.steps),
    lrDecaySteps: resolveStepCount(settings.lrDecaySteps, length.steps),
  };
  const schedule = createSchedule(scheduleSettings, length.steps);
  const learningRates = Array.from({ length: length.steps }, (_, step) => schedule(step, optimizer.numbers.rate));

  const embeddings = new TrainableEmbeddings(placeholder.initialEmbeddings, optimizer, settings.maxGradNorm, state);
  const progress = new Progress(length, generators, startOf(state ? {} : settings, length), state);
  const warnings = new WarningCounter(state?.warnings);
  const { family, predictionType } = checkpoint;
  const model = { family: family.value, predictionType: predictionType.value };
  const { metadata, warning } = await metadataOf(settings, model);
  const { initialEmbeddings, layers } = placeholder;
  const contents = {
    embedding: () => ({
      ...{ vectors: embeddings.finished, token: settings.tokenString, step: undefined, layers },
      metadata: metadata(new Date()),
    }),
    state: async () => ({
      ...{ identity, environment: await environmentOf(settings, length.steps), seed, initialEmbeddings },
      ...progress.state(),
      ...embeddings.state(),
      warnings: warnings.state(),
    }),
  };
  const previews = await readPreviews(settings, inputs);
  const firstLearningRate = typeof settings.learningRate === "string" ? learningRates[0]! : settings.learningRate;
  return {
    settings,
    inputs,
    embeddings,
    optimizer: choice.name,
    learningRate: () => schedule(progress.step, optimizer.numbers.rate),
    progress,
    files: new RunFiles(settings, length.epochs, contents, state),
    previewRequests: previews.requests,
    warnings,
    startWarnings: [
      ...inputs.warnings,
      ...ofResuming,
      ...(state ? [] : await earlierFileWarnings(settings)),
      ...previews.warnings,
      ...optimizerWarnings(choice, { ...settings, learningRate: firstLearningRate }).map((message) => ({
        code: "OPTIMIZER",
        message,
      })),
      ...(warning ? [{ code: "METADATA", message: warning }] : []),
      ...captionWarnings(settings, inputs),
      ...namingWarnings(settings, placeholder),
      ...learningRateWarnings({ settings, optimizer: choice.name, initialEmbeddings, learningRates }),
    ],
    startTime: performance.now(),
  };
}

/** The micro-step of a run, written for a device but not loaded. */
export interface LoweredMicroStep extends Pick<ComputingDevice, "computeDtype"> {
  readonly graph: MicroStepGraph;
  readonly program: LoweredProgram;
}

/** Writes the micro-step's graph for a device: one for all buckets. */
export function lowerMicroStep(
  settings: TrainSettings,
  { model, group, placeholder }: TrainingInputs,
  { runtime, computeDtype }: ComputingDevice,
): LoweredMicroStep {
  const { vaeScaleFactor } = model.vae.architecture;
  const [width, height] = group.images
    .map(({ bucket }) => bucket)
    .reduce((largest, bucket) => (bucket[0] * bucket[1] > largest[0] * largest[1] ? bucket : largest));
  const halvings = 2 ** (model.unet.architecture.blockOutChannels.length - 1);
  const isEven = group.images.every(({ bucket }) => bucket.every((side) => side % (vaeScaleFactor * halvings) === 0));
  const graph = microStepGraph(model, {
    chunks: (settings.maxTokenLength ?? 75) / 75,
    clipSkip: model.family === "sdxl" ? undefined : settings.clipSkip,
    layers: placeholder.layers?.length,
    lossType: settings.lossType,
    hasMask: hasMasks(group),
    gradientCheckpointing: settings.gradientCheckpointing,
    nominal: { batch: settings.trainBatchSize, height: height / vaeScaleFactor, width: width / vaeScaleFactor },
    multipleOf: isEven ? halvings : 1,
  });
  const withoutKernelCopies = settings.gradientCheckpointing || settings.lowram;
  const program = runtime.lower(microStepOutputs(graph), { withoutKernelCopies, computeDtype });
  return { graph, program, computeDtype };
}

/** What turns batches into gradients, on a device. */
export interface LoadedMicroStep {
  readonly samples: SampleContext;
  readonly microSteps: MicroStepContext;
}

/** Puts the micro-step on its device. vae: encodes images whose latents are not cached. */
export async function loadMicroStep(
  settings: TrainSettings,
  { model, checkpoint, placeholder, group }: TrainingInputs,
  { program }: LoweredMicroStep,
  vae?: VaeEncoder,
): Promise<LoadedMicroStep> {
  const predictionType = checkpoint.predictionType.value;
  return {
    samples: { model, placeholder, maxTokenLength: maxTokenLengthOf(settings), vae, hasMask: hasMasks(group) },
    microSteps: {
      model,
      program: await program.load(),
      schedule: noiseSchedule({ zeroTerminalSnr: settings.zeroTerminalSnr || checkpoint.hasZeroTerminalSnr }),
      lossType: settings.lossType,
      options: { ...settings, predictionType },
    },
  };
}

/** Whether any image can bring a loss mask. */
function hasMasks({ datasets }: DatasetGroup): boolean {
  return datasets.some(({ subsets }) =>
    subsets.some(({ plan }) => plan.alphaMask || plan.conditioningDataDir !== undefined),
  );
}
