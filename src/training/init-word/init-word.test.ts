import { expect, test } from "vitest";
import { eventsOf, ofKind, trainingFolder } from "../../../test/training-run.ts";
import { resultOf } from "../../events/index.ts";
import { openTrainingDevice } from "../setup/device.ts";
import { openInputs } from "../setup/inputs.ts";
import { comparedWith, successiveHalving } from "./halving.ts";
import { tryWords } from "./propose.ts";

const { settingsFor } = trainingFolder();

test("halving tries all words on a few items and the best of them on more, each on the same ones", async () => {
  const losses: Readonly<Record<string, readonly number[]>> = {
    lucky: [0.1, 0.9, 0.9, 0.9],
    good: [0.3, 0.3, 0.3, 0.3],
    fair: [0.4, 0.4, 0.2, 0.4],
    bad: [0.9, 0.1, 0.1, 0.1],
  };
  const rounds = [
    { words: 4, items: 1 },
    { words: 3, items: 2 },
    { words: 2, items: 4 },
  ];
  const asked: string[] = [];
  const trial = successiveHalving(Object.keys(losses), rounds, async (word, first, last) => {
    asked.push(`${word} ${first}-${last}`);
    return losses[word]!.slice(first, last);
  });
  let next = await trial.next();
  while (!next.done) next = await trial.next();
  expect(asked).toEqual([
    ...["lucky 0-1", "good 0-1", "fair 0-1", "bad 0-1"],
    ...["lucky 1-2", "good 1-2", "fair 1-2"],
    ...["good 2-4", "fair 2-4"],
  ]);
  expect(next.value.map(({ word }) => word)).toEqual(["good", "fair", "lucky", "bad"]);
  const [good, , lucky] = next.value;
  expect(comparedWith(good!, lucky!)).toEqual({
    ...{ word: "lucky", items: 2 },
    difference: expect.closeTo(0.2),
    error: expect.closeTo(0.4),
  });
});

test("of the shapes that the small model knows, the one in the images explains them best", async () => {
  const settings = await settingsFor("--num_vectors_per_token", "2");
  const device = await openTrainingDevice(settings);
  const shapes = ["circle", "square", "triangle", "star", "heart", "ring", "cross", "diamond"];
  const tried = await resultOf(tryWords(shapes, await openInputs(settings), settings, device));
  await device.runtime.close();
  expect(tried.map(({ word }) => word)).toHaveLength(shapes.length);
  expect(tried[0]!.word).toBe("ring");
});

test("auto starts from the word with the lowest loss, as if it had been given", async () => {
  const flags = ["--max_train_steps", "1", "--cache_latents", "--save_model_as", "pt"];
  const found = await eventsOf(await settingsFor(...flags, "--init_word", "auto"));
  const trials = ofKind(found, "tryingWords");
  expect(trials.at(-1)).toMatchObject({ done: trials.length, total: trials.length });
  const [proposal] = ofKind(found, "initWord");
  expect(proposal).toMatchObject({ isProposed: true, message: expect.stringMatching(/^starts from "/) });
  const [first, ...others] = proposal!.candidates;
  expect(first).toEqual({ word: proposal!.word, items: 16, difference: 0, error: 0 });
  for (const { items, difference } of others) expect(items < 16 || difference > 0).toBe(true);
  expect(ofKind(found, "start")[0]!.run.initWord).toBe(proposal!.word);
  const given = await eventsOf(await settingsFor(...flags, "--init_word", proposal!.word));
  expect(ofKind(found, "step").map(({ loss }) => loss)).toEqual(ofKind(given, "step").map(({ loss }) => loss));
});

test("where a run is evaluated, the given word is compared with one that says nothing", async () => {
  const flags = ["--max_train_steps", "1", "--cache_latents", "--eval_every_n_steps", "1"];
  const right = await eventsOf(await settingsFor(...flags, "--init_word", "ring"));
  expect(ofKind(right, "initWord")).toMatchObject([
    {
      word: "ring",
      isProposed: false,
      message: expect.stringMatching(/^"ring" explains the images better than "object" by /),
    },
  ]);
  const wrong = await eventsOf(await settingsFor(...flags, "--init_word", "the"));
  expect(ofKind(wrong, "initWord")[0]!.message).toMatch(/^"the" does not explain the images better than "object": /);
  expect(ofKind(wrong, "warning")).toContainEqual({
    ...{ kind: "warning", code: "INIT_WORD_WEAK" },
    message: '--init_word auto looks for a word that explains the images better than "the".',
  });
});

test("with a recipe, a word that the model knows only in pieces is refused", async () => {
  const settings = await settingsFor("--recipe", "quick", "--init_word", "cockapoo", "--max_train_steps", "1");
  await expect(eventsOf(settings)).rejects.toMatchObject({
    code: "INIT_WORD_UNKNOWN",
    hint: expect.stringContaining("--init_word auto"),
  });
});
