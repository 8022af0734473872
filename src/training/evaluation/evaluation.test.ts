import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { concept, eventsOf, ofKind, subsetConfig, trainingFolder } from "../../../test/training-run.ts";
import { type TrainingEvent, train } from "../index.ts";
import { frozenTimesteps } from "./frozen-batch.ts";

const { settingsFor, write } = trainingFolder();

describe("timesteps of a frozen batch", () => {
  test("are the middles of equal parts of those that are trained on", () => {
    expect(frozenTimesteps(8)).toEqual([62, 187, 312, 437, 562, 687, 812, 937]);
    expect(frozenTimesteps(4, { minTimestep: 400, maxTimestep: 800 })).toEqual([450, 550, 650, 750]);
    expect(frozenTimesteps(2, {}, 0.25)).toEqual([125, 625]);
  });
});

const fileOf = (events: readonly TrainingEvent[]) => readFileSync(ofKind(events, "done")[0]!.file);

describe("a run that is evaluated", () => {
  const lossesOf = (events: readonly TrainingEvent[]) => ofKind(events, "step").map(({ loss }) => loss);

  // no cached latents, and every setting that draws random numbers
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

describe("a run that may stop early and keeps the best", () => {
  const flags = ["--cache_latents", "--save_model_as", "pt", "--lr_scheduler", "constant"];

  const stopping = ["--max_train_steps", "30", "--eval_every_n_steps", "1", "--early_stop", "--learning_rate", "0.05"];

  test("stops once the loss stands still, says why, and goes on from a state to the same end", async () => {
    const all = [...flags, ...stopping, "--keep", "both", "--row_average", "0.9"];
    const settings = await settingsFor(...all);
    const events = await eventsOf(settings);
    const [stop] = ofKind(events, "stopping");
    expect(stop!.reason).toMatch(/^the evaluation loss has flattened: 95 % of its fall /);
    const { step, lastStep } = stop!;
    expect(lastStep).toBeGreaterThan(step);
    expect(lastStep).toBeLessThan(30);
    const rates = ofKind(events, "step").map(({ lr }) => lr);
    expect(new Set(rates.slice(0, step))).toEqual(new Set([0.05]));
    expect(rates.slice(step)).toEqual(
      rates.slice(step).map((_, i) => 0.05 * (1 - Math.sqrt((i + 1) / (lastStep - step + 1)))),
    );
    expect(ofKind(events, "done")).toMatchObject([{ isInterrupted: false, stopReason: stop!.reason, step: lastStep }]);
    const [choice] = ofKind(events, "choice");
    expect(choice!.candidates.map(({ name }) => name)).toEqual(["last", "averaged", "best"]);
    const written = readdirSync(settings.outputDir).sort();
    expect(written.filter((name) => !name.includes(".report."))).toEqual(["vexla-last.pt", "vexla.pt"]);

    const controller = new AbortController();
    const cut: TrainingEvent[] = [];
    for await (const event of train({ settings: await settingsFor(...all), warnings: [] }, controller)) {
      cut.push(event);
      if (event.kind === "step" && event.step === lastStep - 1) controller.abort();
    }
    expect(ofKind(cut, "choice")).toEqual([]);
    const { state, file } = ofKind(cut, "done")[0]!;
    expect(readdirSync(path.dirname(file))).not.toContain("vexla-last.pt");
    const rest = await eventsOf(await settingsFor(...all, "--resume", state!));
    expect(ofKind(cut, "stopping")).toEqual([stop]);
    expect(ofKind(rest, "step").map(({ lr }) => lr)).toEqual(rates.slice(-1));
    expect(ofKind(rest, "choice")).toEqual([choice]);
    expect(fileOf(rest).equals(fileOf(events))).toBe(true);
  });

  test("says that nothing is learned, where nothing is, by 60 % of the run", async () => {
    const events = await eventsOf(
      await settingsFor(...flags, "--max_train_steps", "20", "--eval_every_n_steps", "4", "--learning_rate", "1e-6"),
    );
    const at = events.findIndex((event) => event.kind === "warning" && event.code === "NOTHING_LEARNED");
    const steps = ofKind(events.slice(0, at), "step");
    expect(at).toBeGreaterThan(0);
    expect(steps.at(-1)!.step).toBe(12);
  });
});

test("images that are held out are not trained on but chosen by, and few images cannot spare any", async () => {
  const held = await eventsOf(
    await settingsFor("--cache_latents", "--hold_out", "1", "--keep", "best", "--max_train_steps", "8"),
  );
  expect(ofKind(held, "start")[0]!.run.numTrainImages).toBe(10);
  const trained = new Set(ofKind(held, "step").flatMap(({ imageKeys }) => imageKeys));
  expect(trained.size).toBe(5);
  expect(ofKind(held, "choice")).toHaveLength(1);
  await expect(eventsOf(await settingsFor("--hold_out", "5"))).rejects.toMatchObject({
    code: "HOLD_OUT",
    message: "6 images are too few to hold 5 out: at least 2 must be left to train on.",
  });
});
