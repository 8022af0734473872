import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { concept, eventsOf, ofKind, subsetConfig, trainingFolder } from "../../../test/training-run.ts";
import { frozenTimesteps } from "./frozen-batch.ts";

const { settingsFor, write } = trainingFolder();

describe("timesteps of a frozen batch", () => {
  test("are the middles of equal parts, within those that are trained on", () => {
    expect(frozenTimesteps(8)).toEqual([62, 187, 312, 437, 562, 687, 812, 937]);
    expect(frozenTimesteps(4, { minTimestep: 400, maxTimestep: 800 })).toEqual([400, 400, 625, 799]);
    expect(frozenTimesteps(2, {}, 0.25)).toEqual([125, 625]);
  });
});

describe("a run that is evaluated", () => {
  const lossesOf = (events: Awaited<ReturnType<typeof eventsOf>>) => ofKind(events, "step").map(({ loss }) => loss);
  const fileOf = (events: Awaited<ReturnType<typeof eventsOf>>) => readFileSync(ofKind(events, "done")[0]!.file);

  // without cached latents and with everything that draws numbers
  const random = write(
    "random.toml",
    subsetConfig(concept, "flip_aug = true\nrandom_crop = true\nshuffle_caption = true\n"),
  );

  test("learns the very same numbers as one that is not", async () => {
    const flags = [
      "--max_train_steps",
      "6",
      "--noise_offset",
      "0.1",
      "--dataset_config",
      random,
      "--save_model_as",
      "pt",
    ];
    const plain = await eventsOf(await settingsFor(...flags));
    const evaluated = await eventsOf(await settingsFor(...flags, "--eval_every_n_steps", "2"));
    expect(ofKind(plain, "evaluation")).toEqual([]);
    expect(lossesOf(evaluated)).toEqual(lossesOf(plain));
    expect(fileOf(evaluated).equals(fileOf(plain))).toBe(true);
  });

  test("is measured before the first step and every so many steps, by the same items each time", async () => {
    const flags = ["--cache_latents", "--max_train_steps", "13", "--learning_rate", "0.05"];
    const events = await eventsOf(await settingsFor(...flags, "--eval_every_n_steps", "4"));
    const evaluations = ofKind(events, "evaluation");
    expect(evaluations.map(({ step }) => step)).toEqual([0, 4, 8, 12]);
    const [first, ...later] = evaluations;
    expect(first).toMatchObject({ drop: 0, dropError: 0, slope: undefined });
    expect(first!.timesteps.toSorted((a, b) => a - b)).toEqual(frozenTimesteps(8));
    for (const { timesteps, itemLosses, loss, drop } of later) {
      expect(timesteps).toEqual(first!.timesteps);
      expect(loss).toBeCloseTo(itemLosses.reduce((sum, value) => sum + value) / 8, 12);
      expect(drop).toBeCloseTo(first!.loss - loss, 12);
    }
    expect(later.at(-1)!.drop).toBeGreaterThan(0);
    expect(ofKind(events, "step").map(({ residual }) => residual !== undefined)).toEqual([
      ...[false, false],
      ...new Array<boolean>(11).fill(true),
    ]);
  });

  test("gives the same losses for the same embeddings, and goes on from a state as if it had never stopped", async () => {
    const flags = [
      "--cache_latents",
      "--eval_every_n_steps",
      "2",
      "--save_state_on_train_end",
      "--save_model_as",
      "pt",
    ];
    const straight = await eventsOf(await settingsFor(...flags, "--max_train_steps", "6"));
    const short = await eventsOf(await settingsFor(...flags, "--max_train_steps", "3"));
    const { state } = ofKind(short, "done")[0]!;
    const rest = await eventsOf(await settingsFor(...flags, "--max_train_steps", "6", "--resume", state!));
    const evaluationsOf = (events: typeof rest) =>
      ofKind(events, "evaluation").map(({ ratio: _ratio, ...figures }) => figures);
    expect([...evaluationsOf(short), ...evaluationsOf(rest)]).toEqual(evaluationsOf(straight));
    expect(ofKind(rest, "warning").map(({ code }) => code)).not.toContain("EVALUATION");
    expect(fileOf(rest).equals(fileOf(straight))).toBe(true);
  });
});
