import type { SettingsWarning, TrainSettings } from "../options/index.ts";
import { type DeviceName, openRuntime, type Runtime } from "../runtime/index.ts";
import type { TrainingEvent } from "./events.ts";
import { gatherSteps } from "./gather.ts";
import { unlessAborted, withLocalModels } from "./local-models.ts";
import { prepareRun } from "./prepare.ts";
import { openRun, type Run } from "./run.ts";
import { type Moment, prepareOutput } from "./saving.ts";
import { signsOfStep } from "./signs.ts";
import { mean } from "./statistics.ts";
import { stepEvent } from "./step-event.ts";
import { summarize } from "./summary.ts";
import { openVaeEncoder } from "./vae-encoder.ts";

export interface TrainOptions {
  /** Aborting finishes the running step, saves and ends. */
  readonly signal?: AbortSignal;
  /** What reading the settings had to say. */
  readonly settingsWarnings?: readonly SettingsWarning[];
}

/** Teaches a word. Everything that happens comes as an event; leaving the loop frees everything.
 *  @throws CoinageError for what the user can mend in model, dataset, word or output, mostly before anything takes long */
export async function* train(given: TrainSettings, options: TrainOptions = {}): AsyncGenerator<TrainingEvent> {
  await prepareOutput(given);
  const settings = yield* unlessAborted(withLocalModels(given), options.signal);
  if (!settings) return;
  const preparation = await prepareRun(settings);
  const run = await openRun(settings, preparation);
  const runtime = openRuntime({ device: deviceOf(settings), ...(settings.threads && { threads: settings.threads }) });
  try {
    yield* run.tally.addAll([...settingsNotices(options), ...run.notices]);
    yield { kind: "start", run: await summarize(run, runtime) };
    yield* steps(run, runtime, options.signal);
  } finally {
    await runtime.close();
  }
}

function deviceOf({ device }: TrainSettings): DeviceName {
  return device === "auto" ? "cpu" : device;
}

function settingsNotices({ settingsWarnings = [] }: TrainOptions) {
  return settingsWarnings.map(({ message }) => ({ code: "SETTINGS", message }));
}

/** The loop: epochs of optimizer steps, with saves between them and one at the end. */
async function* steps(run: Run, runtime: Runtime, signal?: AbortSignal): AsyncGenerator<TrainingEvent> {
  const { settings, preparation, learner, tally } = run;
  const { length, group, model, generators } = preparation;
  const vae = await openVaeEncoder(model, runtime, generators.torch);
  for await (const progress of group.cacheLatents(vae.encode)) yield { kind: "caching", ...progress };
  if (settings.cacheLatents) await vae.close();
  const context = await run.load(runtime, vae);

  let epoch = 0;
  while (run.step < length.steps && !signal?.aborted) {
    epoch++;
    const losses: number[] = [];
    for await (const gathered of gatherSteps(context, epoch)) {
      const lr = run.learningRate();
      const outcome = learner.step(lr);
      run.step++;
      losses.push(...gathered.losses);
      yield* tally.addAll(signsOfStep(outcome, run.step));
      yield stepEvent(run, { ...gathered, epoch, lr, outcome, epochLosses: losses });
      if (isDue(run.step, settings.saveEveryNSteps)) yield* save(run, { kind: "step", step: run.step }, epoch);
      if (run.step >= length.steps || signal?.aborted) break;
    }
    yield { kind: "epoch", epoch, epochs: length.epochs, loss: mean(losses) };
    if (isDue(epoch, run.epochInterval) && epoch < length.epochs) yield* save(run, { kind: "epoch", epoch }, epoch);
  }
  yield* save(run, { kind: "final" }, epoch);
  yield run.done();
}

function isDue(count: number, interval: number | undefined): boolean {
  return interval !== undefined && count % interval === 0;
}

async function* save(run: Run, moment: Moment, epoch: number): AsyncGenerator<TrainingEvent> {
  const { file, removed } = await run.save(moment);
  yield { kind: "saved", file, step: run.step, epoch, isFinal: moment.kind === "final" };
  if (removed) yield { kind: "removed", file: removed };
}
