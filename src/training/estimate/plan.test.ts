import { expect, test } from "vitest";
import { settingsOf, trainingFolder } from "../../../test/training-run.ts";
import type { Estimate } from "./estimate.ts";
import { memoryWarnings } from "./plan.ts";

const { flagsFor } = trainingFolder();
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
