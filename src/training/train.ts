import { mean } from "../array/index.ts";
import { type StopOptions, type StopSignal, unlessAborted, untilAborted } from "../events/index.ts";
import { prepareOutputFolder } from "../files/index.ts";
import type { Checked, TrainSettings } from "../options/index.ts";
import { requireDevice } from "../runtime/index.ts";
import { summarize } from "./estimate/summary.ts";
import { openEvaluation } from "./evaluation/evaluation.ts";
import type { TrainingCommand, TrainingEvent } from "./events.ts";
import { withInitWord } from "./init-word/propose.ts";
import { accumulateSteps, imagesOf } from "./loop/accumulation.ts";
import { localRunner, type MicroBatchRunner, type RunSharing, type SharedEncoder } from "./loop/micro-batches.ts";
import type { MicroStepPlan } from "./loop/micro-step-plan.ts";
import { type LoadedMicroStep, LoweredMicroStep } from "./loop/micro-step-program.ts";
import { reportStep, Throughput } from "./loop/step-report.ts";
import { obey } from "./output/commands.ts";
import { withOutputLocked } from "./output/lock.ts";
import { Previews } from "./output/previews.ts";
import { save, saveAtEnd, savedOnFailure } from "./output/saving.ts";
import { withRecipe } from "./recipes/apply.ts";
import { fitToTime } from "./recipes/time-box.ts";
import { timeSteps } from "./recipes/time-steps.ts";
import { RunReport } from "./report/run-report.ts";
import { type ComputingDevice, openTrainingDevice } from "./setup/device.ts";
import { withInitialEmbeddings } from "./setup/initial-embeddings.ts";
import { datasetWarning, openInputs, openModel, withLocalModels } from "./setup/inputs.ts";
import { type OpenRun, openRun } from "./setup/open-run.ts";
import { keptAwake } from "./setup/power.ts";
import { encoderDigest, openVaeEncoder, pictureEncoder, type VaeEncoder } from "./setup/vae-encoder.ts";
import { readState } from "./state/index.ts";
import { settingsWarnings } from "./warnings.ts";

/** How the caller controls a run. */
export interface TrainOptions extends StopOptions {
  /** Aborted in addition to `signal`: the current step is abandoned, and what was learned before it is saved. */
  readonly now?: StopSignal | undefined;
  /** New commands since the last call; called between steps. */
  readonly commands?: (() => readonly TrainingCommand[]) | undefined;
  /** Shares the run among many machines. */
  readonly sharing?: RunSharing | undefined;
}

/** Trains a word and yields everything that happens as events. Leaving the loop frees everything; aborting the signal finishes the current step and saves.
 *  @throws CoinageError for problems with device, model, dataset, word, output or state that the user can fix, mostly before any long work */
export async function* train(
  checked: Checked<TrainSettings>,
  options: TrainOptions = {},
): AsyncGenerator<TrainingEvent> {
  await prepareOutputFolder(checked.settings.outputDir, "--output_dir");
  yield* withOutputLocked(checked.settings, openAndTrain(checked, options));
}

/** The whole run, from the settings to the last save. */
async function* openAndTrain(
  { settings: given, warnings: ofSettings }: Checked<TrainSettings>,
  options: TrainOptions,
): AsyncGenerator<TrainingEvent> {
  const { signal } = options;
  await requireDevice(given.device);
  const local = yield* unlessAborted(withLocalModels(given), signal);
  if (!local) return;
  const found = local.resume === undefined ? undefined : await readState(local.resume);
  const model = await openModel(local);
  const device = await openTrainingDevice(local);
  const awake = await keptAwake(local);
  try {
    const chosen = await withRecipe(local, model, device.runtime.device, found);
    const { settings: fitted, recipe, warnings: ofRecipe } = await fitToTime(chosen, model, device, timeSteps);
    const unstarted = await openInputs(fitted, found, model);
    const { settings, inputs: opened } = yield* withInitWord(unstarted, fitted, device, found, signal);
    if (signal?.aborted) return;
    const isResumed = found?.kind === "own";
    const inputs = isResumed ? opened : await withInitialEmbeddings(opened, settings, device.runtime);
    const run = await openRun(settings, inputs, found, recipe);
    yield* run.warnings.addAtStart([
      ...settingsWarnings([...ofSettings, ...ofRecipe]),
      ...device.warnings,
      ...awake.warnings,
      ...run.startWarnings,
    ]);
    const lowered = new LoweredMicroStep(settings, inputs, device);
    const { summary, warnings } = await summarize(run, device, lowered);
    if (signal?.aborted) return;
    yield { kind: "start", run: summary };
    yield* run.warnings.addAtStart(warnings);
    const steps = trainSteps(run, device, lowered, options);
    const reported = { ...run, report: new RunReport(run, device, given, { free: () => lowered.close(), signal }) };
    yield* savedOnFailure(reported, run.history?.noting(steps, run.embeddings) ?? steps);
    yield* saveAtEnd(reported);
  } finally {
    awake.release();
    await device.runtime.close();
  }
}

/** The loop: epochs of optimizer steps, with saves and sample images between them. */
async function* trainSteps(
  run: OpenRun,
  device: ComputingDevice,
  lowered: LoweredMicroStep,
  options: TrainOptions,
): AsyncGenerator<TrainingEvent> {
  const { signal, now, commands } = options;
  const { settings, inputs, embeddings, progress, files } = run;
  const { length, generators, model } = inputs;
  if (progress.isFinished && settings.keep === "last") return;
  const vae = openVaeEncoder(model, device.runtime, generators.torch);
  const encoder = openSharedEncoder(run, device, vae, options);
  let opened: OpenedLoop;
  try {
    yield* cacheLatents(run, vae, encoder, signal);
    if (signal?.aborted) return;
    opened = await openLoop(run, device, lowered, vae, options);
  } finally {
    await encoder?.close();
  }
  const { microStep, evaluation, runner } = opened;
  const previews = new Previews(run, device, signal, runner.drawer);
  const throughput = new Throughput();
  try {
    if (evaluation) yield* evaluation.atStart();
    yield* previews.handedOutBefore();
    if (!progress.isResumed) yield* previews.atFirst();
    while (!progress.isFinished && !signal?.aborted) {
      const epoch = progress.openEpoch();
      const steps = accumulateSteps(run, microStep.sampleContext, runner);
      for await (const gradients of now ? untilAborted(steps, now) : steps) {
        if (gradients.kind !== "gradients") {
          yield gradients;
          continue;
        }
        const lr = run.learningRate();
        const outcome = embeddings.step(gradients.results, lr, progress.step);
        progress.completeStep();
        const residual = evaluation?.residualOf(gradients.results);
        yield* reportStep(run, { ...gradients, epoch, lr, outcome, residual }, throughput);
        if (evaluation) yield* evaluation.afterStep();
        const { step } = progress;
        // save first: drawing an image may run out of memory
        if (isDue(step, settings.saveEveryNSteps)) yield* save(run, { kind: "step", step }, settings.saveState);
        yield* previews.afterStep();
        if (commands) yield* obey(run, previews, commands());
        if (progress.isFinished || signal?.aborted) break;
      }
      if (signal?.aborted && !progress.isFinished) {
        if (now?.aborted) progress.undoUnfinishedStep();
        break;
      }
      // differs from sd-scripts: the loss of an epoch cut short is divided by the number of batches of a whole epoch.
      // coinage: the loss of an epoch cut short is the mean over the batches that were trained on.
      // because: losses of epochs can be compared so, however long they were.
      yield { kind: "epoch", epoch: epoch.number, epochs: length.epochs, loss: mean(epoch.losses) };
      progress.closeEpoch();
      if (isDue(epoch.number, files.epochInterval) && epoch.number < length.epochs)
        yield* save(run, { kind: "epoch", epoch: epoch.number }, settings.saveState);
      yield* previews.afterEpoch();
    }
    yield* previews.finish();
  } finally {
    await runner.close();
  }
  if (evaluation && settings.keep !== "last" && progress.isFinished) yield* evaluation.chooseAtEnd();
}

/** The encoder that shares images among machines; undefined unless the run is shared and caches latents. */
function openSharedEncoder(
  { settings, inputs: { checkpoint, model } }: OpenRun,
  { runtime }: ComputingDevice,
  { distribution: here }: VaeEncoder,
  { sharing, signal }: TrainOptions,
): SharedEncoder | undefined {
  if (!sharing || !settings.cacheLatents) return undefined;
  return sharing.openEncoder({ settings, checkpoint, model, runtime, signal, here });
}

/** Caches latents, then frees the encoder. */
async function* cacheLatents(
  { settings, inputs: { group, checkpoint }, warnings }: OpenRun,
  vae: VaeEncoder,
  encoder: SharedEncoder | undefined,
  signal: StopSignal | undefined,
): AsyncGenerator<TrainingEvent> {
  const caching = group.cacheLatents({
    ...pictureEncoder(vae, encoder?.encode),
    digest: () => encoderDigest(checkpoint.vae),
    ...(encoder && { atOnce: encoder.atOnce, expect: encoder.expect }),
  });
  for await (const { warnings: ofCaching, ...cached } of caching) {
    yield* warnings.add(ofCaching.map(datasetWarning));
    yield { kind: "caching", ...cached };
    if (encoder) yield* encoder.news();
    if (signal?.aborted) return;
  }
  await encoder?.finish();
  if (encoder) yield* encoder.news();
  if (settings.cacheLatents) await vae.close();
}

/** What the training loop needs, loaded. */
interface OpenedLoop {
  readonly microStep: LoadedMicroStep;
  readonly evaluation: Awaited<ReturnType<typeof openEvaluation>>;
  readonly runner: MicroBatchRunner;
}

async function openLoop(
  run: OpenRun,
  device: ComputingDevice,
  lowered: LoweredMicroStep,
  vae: VaeEncoder,
  options: TrainOptions,
): Promise<OpenedLoop> {
  const { settings, embeddings, progress } = run;
  if (device.computeDtype === "float16") embeddings.useLossScale();
  const graph = options.sharing && lowered.program.digest();
  const uncached = settings.cacheLatents ? undefined : vae;
  const microStep = await lowered.load(uncached);
  const evaluation = await openEvaluation(run, device, microStep, uncached);
  progress.begin();
  return { microStep, evaluation, runner: await openRunnerOf(run, device, microStep, lowered.plan, graph, options) };
}

/** The runner of a run's micro-batches: its device, or the caller's sharing. graph: digest of the micro-step's graph. */
async function openRunnerOf(
  { settings, inputs, embeddings, previewRequests }: OpenRun,
  { runtime }: ComputingDevice,
  { microStepContext, sampleContext }: LoadedMicroStep,
  plan: MicroStepPlan,
  graph: string | undefined,
  { sharing, signal }: TrainOptions,
): Promise<MicroBatchRunner> {
  if (!sharing || graph === undefined) return localRunner(microStepContext);
  const { checkpoint, model, seed, length, placeholder } = inputs;
  return sharing.openRunner({
    ...{ settings, checkpoint, model, seed, plan, graph, signal },
    vectors: placeholder.initialEmbeddings[0]!.shape[0]!,
    steps: length.steps,
    runtime,
    samples: previewRequests.length > 0 ? { predictionType: checkpoint.predictionType.value } : undefined,
    usesFrozenRows: embeddings.usesFrozenRows,
    local: microStepContext,
    images: () => imagesOf(inputs, sampleContext),
  });
}

function isDue(count: number, interval: number | undefined): boolean {
  return interval !== undefined && count % interval === 0;
}
