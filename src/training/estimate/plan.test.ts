import { expect, test } from "vitest";
import { settingsOf, trainingFolder } from "../../../test/training-run.ts";
import { readPreviews } from "../output/preview-requests.ts";
import { openInputs, openModel } from "../setup/inputs.ts";
import { expectedRest } from "./drawing.ts";
import type { Estimate } from "./estimate.ts";
import { memoryWarnings } from "./plan.ts";

const { flagsFor, write } = trainingFolder();
const estimate = (peak: number): Estimate => ({
  memory: { peak, weights: 0, copies: 0, results: 0, pictures: 0 },
  flopsPerStep: 1,
  secondsPerStep: 1,
});

test("where memory will not do, the settings that take less are named with what they would take", async () => {
  const settings = await settingsOf(flagsFor("--cache_latents"));
  const [sign] = memoryWarnings(estimate(9e9), settings, 8e9, ({ gradientCheckpointing }) =>
    estimate(gradientCheckpointing ? 5e9 : 9e9),
  );
  expect(sign).toMatchObject({ code: "MEMORY" });
  expect(sign!.message).toContain("about 9.0 GB of memory; 8.0 GB is free");
  expect(sign!.message).toContain("With --gradient_checkpointing it would be about 5.0 GB.");
});

test("nothing is said where it will do or nobody knows, and no setting is named that is there already", async () => {
  const settings = await settingsOf(flagsFor("--cache_latents", "--gradient_checkpointing"));
  const never = () => expect.fail("nothing else was to be tried");
  expect(memoryWarnings(estimate(7e9), settings, 8e9, never)).toEqual([]);
  expect(memoryWarnings(estimate(9e9), settings, undefined, never)).toEqual([]);
  const [sign] = memoryWarnings(estimate(9e9), settings, 8e9, () => estimate(9e9));
  expect(sign!.message).not.toContain("--gradient_checkpointing it would");
});

test("the time of a run has that of its sample images in it", async () => {
  const options = "--w 64 --h 64 --s 40";
  const prompts = write("prompts.txt", `vexla ${options}\nring ${options}\n`);
  const restOf = async (from: number, ...flags: string[]) => {
    const settings = await settingsOf(flagsFor("--sample_prompts", prompts, "--max_train_steps", "25", ...flags));
    const inputs = await openInputs(settings, undefined, await openModel(settings));
    const { requests } = await readPreviews(settings, inputs);
    const rate = { convolution: 1e9, matrix: 1e9 };
    const { images, seconds } = expectedRest(settings, inputs, requests, estimate(1), rate, from);
    // the estimate is one second per step
    return { images, drawing: seconds - (25 - from) };
  };
  expect(await restOf(0)).toEqual({ images: 0, drawing: 0 });
  const bySteps = ["--sample_every_n_steps", "10", "--sample_at_first"];
  const [all, left] = [await restOf(0, ...bySteps), await restOf(10, ...bySteps)];
  expect([all.images, left.images]).toEqual([6, 2]);
  expect(all.drawing).toBeCloseTo(3 * left.drawing, 6);
  // epochs of six steps take precedence; the sampler evaluates the network 79 times
  const byEpochs = await restOf(0, "--sample_every_n_epochs", "2", ...bySteps.slice(0, 2), "--sample_sampler", "heun");
  expect(byEpochs.images).toBe(4);
  expect(byEpochs.drawing / all.drawing).toBeGreaterThan(1.1);
  expect(byEpochs.drawing / all.drawing).toBeLessThan((4 * 79) / (6 * 40));
});
