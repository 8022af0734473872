import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { eventsOf, ofKind, trainingFolder } from "../../../test/training-run.ts";
import { parseSafetensors } from "../../formats/safetensors/index.ts";
import { startOf } from "./length.ts";

const { settingsFor } = trainingFolder();
const length = { steps: 20, epochs: 4, batchesPerEpoch: 10 };

test("a run may begin later: at a step, or at the first of an epoch, with the pictures before it or without", () => {
  const accumulated = { gradientAccumulationSteps: 2 };
  expect(startOf({}, length)).toEqual({ step: 0, epochsDone: 0, skippedBatches: 0, drawsOrders: false });
  expect(startOf({ initialEpoch: 3, ...accumulated }, length)).toMatchObject({ step: 10, epochsDone: 2 });
  expect(startOf({ initialStep: 7, initialEpoch: 3, ...accumulated }, length)).toMatchObject({
    ...{ step: 7, epochsDone: 1, skippedBatches: 0 },
  });
  const skipping = { initialStep: 7, skipUntilInitialStep: true, ...accumulated };
  expect(startOf(skipping, length)).toEqual({ step: 7, epochsDone: 1, skippedBatches: 4, drawsOrders: true });
  expect(() => startOf({ initialStep: 20 }, length)).toThrow(expect.objectContaining({ code: "SETTINGS_CONFLICT" }));
});

test("a run that begins later counts on; its pictures are those of the epoch, or what the steps before would have left of it", async () => {
  // six batches an epoch
  const run = async (...flags: string[]) => {
    const events = await eventsOf(await settingsFor("--max_train_steps", "7", ...flags));
    return ofKind(events, "step").map(({ step, epoch, imageKeys }) => ({ step, epoch, imageKeys }));
  };
  const whole = await run();
  const skipping = await run("--initial_step", "4", "--skip_until_initial_step");
  expect(skipping.slice(0, 2)).toEqual(whole.slice(4, 6));
  expect(skipping.map(({ step, epoch }) => [step, epoch])).toEqual([
    [5, 1],
    [6, 1],
    [7, 2],
  ]);
  const counting = await run("--initial_step", "4");
  expect(counting.map(({ step, epoch }) => [step, epoch])).toEqual([
    [5, 1],
    [6, 1],
    [7, 1],
  ]);
  expect(counting.map(({ imageKeys }) => imageKeys)).toEqual(whole.slice(0, 3).map(({ imageKeys }) => imageKeys));
});

test("metadata take a comment, or are left out", async () => {
  const metadataOf = async (...flags: string[]) => {
    const [done] = ofKind(await eventsOf(await settingsFor("--max_train_steps", "1", ...flags)), "done");
    return parseSafetensors(readFileSync(done!.file)).metadata;
  };
  expect(await metadataOf("--training_comment", "first try")).toMatchObject({ ss_training_comment: "first try" });
  expect(Object.keys(await metadataOf("--no_metadata", "--training_comment", "first try"))).toEqual([]);
});
