import type { StopSignal } from "../../events/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { freezeBatch, itemLosses, learnedImages } from "../evaluation/frozen-batch.ts";
import type { InitWordEvent, TrainingEvent } from "../events.ts";
import { LoweredMicroStep } from "../loop/micro-step-program.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import { autoInitWord } from "../setup/placeholder.ts";
import { openVaeEncoder } from "../setup/vae-encoder.ts";
import type { FoundState } from "../state/index.ts";
import { comparedWith, rounds, successiveHalving, type TriedWord } from "./halving.ts";
import { embeddingsOfWord, wordsToTry } from "./words.ts";

/** Timesteps at which words differ most: the content of an image is decided there. */
const decisive = { minTimestep: 500, maxTimestep: 900 } as const;
/** Words that are reported. */
const told = 5;

/** Compares words by their losses on a run's images, with the same noise and timesteps, the best words on more items. Returns all words, best first.
 *  Ranking the whole vocabulary by the gradient at the mean of common words does not work: measured on the small model, the right word came in the last third.
 *  Draws from none of the run's generators. @throws any error in reading images */
export async function* tryWords(
  words: readonly string[],
  inputs: TrainingInputs,
  settings: TrainSettings,
  device: ComputingDevice,
  signal?: StopSignal,
): AsyncGenerator<TrainingEvent, readonly TriedWord[]> {
  const { checkpoint, model, placeholder, group, generators } = inputs;
  const lowered = new LoweredMicroStep({ ...settings, evalEveryNSteps: 1 }, inputs, device);
  const vae = openVaeEncoder(model, device.runtime, generators.torch);
  try {
    const { evaluation, ...contexts } = await lowered.loadEvaluation(vae);
    const source = { inputs, ...contexts, range: decisive, vae };
    const counts = { count: rounds.at(-1)!.items, groups: groupsOf(rounds.map(({ items }) => items)) };
    const plan = { purpose: "starting", images: learnedImages(group), ...counts } as const;
    const batch = await freezeBatch({ ...source, device: device.runtime.device }, plan);
    await vae.close();

    const trial = successiveHalving(words, rounds, (word, first, last) =>
      itemLosses(batch, evaluation, model, embeddingsOfWord(word, checkpoint, placeholder), { first, last }),
    );
    const total = rounds.reduce((sum, round) => sum + Math.min(round.words, words.length), 0);
    for (let done = 1; ; done++) {
      const next = await trial.next();
      if (next.done) return next.value;
      yield { kind: "tryingWords", word: next.value, done, total };
      if (signal?.aborted) return [];
    }
  } finally {
    await lowered.close();
    await vae.close();
  }
}

/** Settings and inputs of a run, with --init_word auto replaced by the best word. Not needed with a state, which has the vectors, or with --weights. */
export async function* withInitWord(
  inputs: TrainingInputs,
  settings: TrainSettings,
  device: ComputingDevice,
  found: FoundState | undefined,
  signal?: StopSignal,
): AsyncGenerator<TrainingEvent, { readonly settings: TrainSettings; readonly inputs: TrainingInputs }> {
  if (settings.initWord !== autoInitWord) return { settings, inputs };
  if (found || settings.weights !== undefined) {
    const startedFrom = found?.kind === "own" ? found.state.environment.startedFrom : "";
    const [, word] = /^--init_word (.*)$/s.exec(startedFrom) ?? [];
    return { settings: { ...settings, initWord: word }, inputs };
  }
  const words = await wordsToTry(settings.useStyleTemplate ? "style" : "thing");
  const tried = yield* tryWords(words, inputs, settings, device, signal);
  if (signal?.aborted || tried.length === 0) return { settings, inputs };
  yield proposal(tried);
  const initWord = tried[0]!.word;
  const initialEmbeddings = embeddingsOfWord(initWord, inputs.checkpoint, inputs.placeholder);
  const placeholder = { ...inputs.placeholder, initialEmbeddings };
  return { settings: { ...settings, initWord }, inputs: { ...inputs, placeholder } };
}

/** Sizes of groups from cumulative counts. */
function groupsOf(ends: readonly number[]): number[] {
  return ends.map((end, i) => end - (ends[i - 1] ?? 0));
}

function proposal(tried: readonly TriedWord[]): InitWordEvent {
  const candidates = tried.slice(0, told).map((candidate) => comparedWith(tried[0]!, candidate));
  const word = tried[0]!.word;
  const others = candidates.slice(1).map(({ word, difference, error }) => {
    return `"${word}" (loss higher by ${difference.toPrecision(2)} ± ${error.toPrecision(2)})`;
  });
  const message = `starts from "${word}", which explains the images best; then come ${others.join(", ")}`;
  return { kind: "initWord", word, isProposed: true, candidates, message };
}
