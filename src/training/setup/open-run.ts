import type { TrainSettings } from "../../options/index.ts";
import { captionWarnings } from "../diagnostics/caption-warnings.ts";
import { type Sign, turnSigns } from "../diagnostics/step-warnings.ts";
import { Learner, tableShapes } from "../loop/embeddings.ts";
import { Run } from "../loop/run.ts";
import { createSchedule } from "../lr-schedules/index.ts";
import { chooseOptimizer, createOptimizer, optimizerWarnings, parseArguments } from "../optimizers/index.ts";
import { metadataOf } from "../output/metadata.ts";
import { earlierFilesSigns, namingWarnings } from "../output/names.ts";
import { readPreviews } from "../output/previews.ts";
import {
  changedCircumstances,
  checkIdentity,
  circumstancesOf,
  type FoundState,
  identityOf,
  type RunIdentity,
} from "../state/index.ts";
import { startOf } from "./length.ts";
import type { Preparation } from "./prepare.ts";

/** Prepares what changes during a run: learned rows with their optimizer, schedule, step count, saves. found: what it goes on from.
 *  @throws STATE_MISMATCH, and what settings of these throw */
export async function openRun(settings: TrainSettings, preparation: Preparation, found?: FoundState): Promise<Run> {
  const { word, checkpoint, model, length } = preparation;
  const identity = await identityOf(settings, preparation);
  const resumeNotices = found ? await checkState(settings, preparation, found, identity) : [];
  const choice = chooseOptimizer({ ...settings, optimizerArgs: parseArguments(settings.optimizerArgs ?? []) });
  const optimizer = createOptimizer(choice, tableShapes(word.initialRows, word.vocabularies));
  const lrSchedulerArgs = parseArguments(settings.lrSchedulerArgs ?? [], "--lr_scheduler_args");
  const schedule = createSchedule(
    { ...settings, lrSchedulerArgs, learningRateSource: choice.learningRate },
    length.steps,
  );
  const learningRates = Array.from({ length: length.steps }, (_, step) => schedule(step, optimizer.numbers.rate));
  const learningRate = typeof settings.learningRate === "string" ? learningRates[0]! : settings.learningRate;
  const isVPrediction = checkpoint.predictionType.value === "v_prediction";
  const { metadata, warning } = await metadataOf(settings, { family: model.family, isVPrediction });
  const previews = await readPreviews(settings, preparation);
  const notices = [
    ...preparation.notices,
    ...resumeNotices,
    ...(found?.kind === "own" && hasOwnStart(settings) ? [startIsKnown] : []),
    ...(found?.kind === "own" ? [] : await earlierFilesSigns(settings)),
    ...previews.notices,
    ...optimizerWarnings(choice, { ...settings, learningRate }).map((message) => ({ code: "OPTIMIZER", message })),
    ...(warning ? [{ code: "METADATA", message: warning }] : []),
    ...captionWarnings(settings, preparation),
    ...namingWarnings(settings, word),
    ...turnSigns({ settings, optimizer: choice.name, rows: word.initialRows, learningRates }),
  ];
  const learner = new Learner(word.initialRows, optimizer, settings.maxGradNorm);
  const state = found?.kind === "own" ? found.state : undefined;
  const { requests: previewRequests } = previews;
  const name = choice.name;
  const start = startOf(state ? {} : settings, length);
  return new Run({
    settings,
    preparation,
    learner,
    schedule,
    optimizer: name,
    metadata,
    identity,
    previewRequests,
    notices,
    start,
    state,
  });
}

function hasOwnStart({ initialEpoch, initialStep }: TrainSettings): boolean {
  return initialEpoch !== undefined || initialStep !== undefined;
}

const startIsKnown: Sign = {
  code: "RESUME_START",
  message: "--initial_step and --initial_epoch change nothing with --resume: the state knows where the run stands.",
};

/** Checks that a state belongs to this run; what is to be said of going on from it. @throws STATE_MISMATCH */
async function checkState(
  settings: TrainSettings,
  preparation: Preparation,
  found: FoundState,
  identity: RunIdentity,
): Promise<Sign[]> {
  if (found.kind === "foreign")
    return [
      {
        code: "RESUME_FOREIGN",
        message: `${settings.resume} is a state of sd-scripts. Its optimizer and random numbers can be read by PyTorch only, so a new run starts from its vectors.`,
      },
    ];
  const { state } = found;
  checkIdentity(state.identity, identity, settings.resume ?? "");
  const { steps } = preparation.length;
  const changes = changedCircumstances(state.circumstances, await circumstancesOf(settings, steps));
  if (state.progress.step >= steps)
    changes.push(
      `The run is at its end already, after step ${state.progress.step}: --max_train_steps says how far it goes.`,
    );
  return changes.map((message) => ({ code: "RESUME", message }));
}
