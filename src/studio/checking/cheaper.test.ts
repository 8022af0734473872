import { expect, test } from "vitest";
import type { RunSummary } from "../../training/index.ts";
import { sameInLessMemory } from "./cheaper.ts";

/** batches: of the datasets of its dataset config. */
const settingsOf = (settings: object, run: Partial<RunSummary>, batches: readonly number[] = []) => {
  const dataset = { datasets: batches.map((batchSize) => ({ batchSize })) };
  return sameInLessMemory({ settings: settings as never, run: { ...run, dataset } as never })?.settings;
};

test("what needs less memory and teaches the same takes as many images a step, else computes results twice, else there is nothing", () => {
  expect(settingsOf({}, { batchSize: 4, accumulationSteps: 3 })).toEqual({
    train_batch_size: 1,
    gradient_accumulation_steps: 12,
  });
  expect(settingsOf({}, { batchSize: 1, accumulationSteps: 1 }, [2])).toEqual({
    train_batch_size: 1,
    gradient_accumulation_steps: 2,
  });
  const single = { batchSize: 1, accumulationSteps: 4 };
  expect(settingsOf({}, single)).toEqual({ gradient_checkpointing: true, cache_latents: true });
  expect(settingsOf({ gradient_checkpointing: true }, single)).toBeUndefined();
});
