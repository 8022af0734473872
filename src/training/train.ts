import { type StopSignal, unlessAborted } from "../events/index.ts";
import { prepareOutputFolder } from "../files/index.ts";
import type { Checked, TrainSettings } from "../options/index.ts";
import { requireDevice } from "../runtime/index.ts";
import { maxTokenLengthOf, WordReader } from "./diagnostics/placeholder-reader.ts";
import { signsOfStep } from "./diagnostics/step-warnings.ts";
import { summarize } from "./estimate/summary.ts";
import type { TrainingEvent } from "./events.ts";
import { gatherSteps } from "./loop/gather.ts";
import type { Run } from "./loop/run.ts";
import { mean } from "./loop/statistics.ts";
import { stepEvent } from "./loop/step-event.ts";
import { withOutputLocked } from "./output/lock.ts";
import { Previews } from "./output/previews.ts";
import { save, saveAtEnd, savedOnFailure } from "./output/saving.ts";
import { type ComputingDevice, openTrainingDevice } from "./setup/device.ts";
import { withLocalModels } from "./setup/local-models.ts";
import { openRun } from "./setup/open-run.ts";
import { datasetSign, prepareRun } from "./setup/prepare.ts";
import { readState } from "./state/index.ts";
import { encoderDigest } from "./vae-digest.ts";
import { openVaeEncoder } from "./vae-encoder.ts";

export interface TrainOptions {
  /** An AbortSignal: aborting finishes the running step, saves and ends. */
  readonly signal?: StopSignal;
}

/** Teaches a word. Everything that happens comes as an event; leaving the loop frees everything.
 *  @throws CoinageError for what the user can mend in device, model, dataset, word, output or state, mostly before anything takes long */
export async function* train(
  checked: Checked<TrainSettings>,
  options: TrainOptions = {},
): AsyncGenerator<TrainingEvent> {
  await prepareOutputFolder(checked.settings.outputDir, "--output_dir");
  yield* withOutputLocked(checked.settings, learn(checked, options));
}

/** From the settings to the last save. */
async function* learn(
  { settings: given, warnings }: Checked<TrainSettings>,
  options: TrainOptions,
): AsyncGenerator<TrainingEvent> {
  await requireDevice(given.device);
  const settings = yield* unlessAborted(withLocalModels(given), options.signal);
  if (!settings) return;
  const found = settings.resume === undefined ? undefined : await readState(settings.resume);
  const preparation = await prepareRun(settings, found);
  const run = await openRun(settings, preparation, found);
  if (options.signal?.aborted) return;
  const device = await openTrainingDevice(settings);
  try {
    yield* run.tally.addOfStart([
      ...warnings.map(({ message }) => ({ code: "SETTINGS", message })),
      ...device.signs,
      ...run.notices,
    ]);
    const { summary, signs } = await summarize(run, device);
    if (options.signal?.aborted) return;
    yield { kind: "start", run: summary };
    yield* run.tally.addOfStart(signs);
    yield* savedOnFailure(run, steps(run, device, options.signal));
    yield* saveAtEnd(run);
  } finally {
    await device.runtime.close();
  }
}

/** The loop: epochs of optimizer steps, with saves and sample pictures between them. */
async function* steps(run: Run, device: ComputingDevice, signal?: StopSignal): AsyncGenerator<TrainingEvent> {
  const { settings, preparation, learner, tally } = run;
  const { checkpoint, length, group, model, generators } = preparation;
  if (run.isFinished) return;
  const vae = openVaeEncoder(model, device.runtime, generators.torch);
  for await (const { warnings, ...progress } of group.cacheLatents({
    ...vae,
    digest: () => encoderDigest(checkpoint.vae),
  })) {
    yield* tally.addAll(warnings.map(datasetSign));
    yield { kind: "caching", ...progress };
    if (signal?.aborted) return;
  }
  if (settings.cacheLatents) await vae.close();
  const context = await run.load(device, vae);
  const previews = new Previews(run, device, signal);
  const reader = new WordReader(preparation.word, maxTokenLengthOf(settings));
  run.setOut();

  if (!run.isResumed) yield* previews.atFirst();
  while (!run.isFinished && !signal?.aborted) {
    const epoch = run.currentEpoch();
    for await (const gathered of gatherSteps(context, epoch)) {
      const lr = run.learningRate();
      const outcome = learner.step(lr);
      run.completeStep();
      run.lossScale?.update(!outcome.isSkipped);
      const readings = () => gathered.captions.map((caption) => reader.read(caption));
      yield* tally.addAll(signsOfStep({ ...run.view(), outcome, readings }));
      yield stepEvent(run, { ...gathered, epoch, lr, outcome });
      // What was learned goes first: a picture may ask for more memory than there is.
      if (isDue(run.step, settings.saveEveryNSteps))
        yield* save(run, { kind: "step", step: run.step }, settings.saveState);
      yield* previews.afterStep();
      if (run.isFinished || signal?.aborted) break;
    }
    if (signal?.aborted && !run.isFinished) break;
    // differs from sd-scripts: the mean over the batches there were; of an epoch cut short it divides by those of a whole one.
    yield { kind: "epoch", epoch: epoch.number, epochs: length.epochs, loss: mean(epoch.losses) };
    run.closeEpoch();
    if (isDue(epoch.number, run.epochInterval) && epoch.number < length.epochs)
      yield* save(run, { kind: "epoch", epoch: epoch.number }, settings.saveState);
    yield* previews.afterEpoch();
  }
}

function isDue(count: number, interval: number | undefined): boolean {
  return interval !== undefined && count % interval === 0;
}
