import { describe, expect, test } from "vitest";
import { createSchedule } from "./create.ts";
import type { ScheduleSettings } from "./settings.ts";

const steps = (count: number) => Array.from({ length: count + 1 }, (_, step) => step);

describe("factors over 10 steps", () => {
  const warm = (count: number) => ({ lrWarmupSteps: count });
  test.each<[string, Partial<ScheduleSettings>, number[]]>([
    ["constant_with_warmup", warm(4), [0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1]],
    ["linear", warm(2), [0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]],
    ["cosine", warm(2), [0, 0.5, 1, 0.96194, 0.853553, 0.691342, 0.5, 0.308658, 0.146447, 0.03806, 0]],
    [
      "cosine_with_restarts",
      { lrSchedulerNumCycles: 2 },
      [1, 0.904508, 0.654508, 0.345492, 0.095492, 1, 0.904508, 0.654508, 0.345492, 0.095492, 0],
    ],
    [
      "polynomial",
      { ...warm(2), lrSchedulerPower: 2 },
      [0, 0.5, 1, 0.765625, 0.5625, 0.390625, 0.25, 0.140625, 0.0625, 0.015625, 1e-7],
    ],
    [
      "inverse_sqrt",
      warm(2),
      [0, 0.5, 1, 0.816497, Math.SQRT1_2, 0.632456, 0.57735, 0.534522, 0.5, 0.471405, 0.447214],
    ],
    [
      "cosine_with_min_lr",
      { ...warm(2), lrSchedulerMinLrRatio: 0.1 },
      [0, 0.5, 1, 0.965746, 0.868198, 0.722208, 0.55, 0.377792, 0.231802, 0.134254, 0.1],
    ],
    [
      "warmup_stable_decay",
      { ...warm(2), lrDecaySteps: 4, lrSchedulerMinLrRatio: 0.1 },
      [0.1, 0.55, 1, 1, 1, 1, 1, 0.868198, 0.55, 0.231802, 0.1],
    ],
  ])("%s", (lrScheduler, settings, expected) => {
    const schedule = createSchedule({ learningRate: 1, lrScheduler, ...settings }, 10);
    steps(10).forEach((step) => {
      expect(schedule(step)).toBeCloseTo(expected[step]!, 5);
    });
  });
});

test("two processes advance the schedule twice as fast along twice the length", () => {
  const settings = (lrWarmupSteps: number) => ({ learningRate: 1, lrScheduler: "cosine", lrWarmupSteps });
  const [one, two] = [createSchedule(settings(10), 100), createSchedule(settings(20), 100, 2)];
  steps(100).forEach((step) => {
    expect(two(step)).toBeCloseTo(one(step), 12);
  });
});

test("Adafactor's schedule repeats the reported rate", () => {
  const schedule = createSchedule({ learningRate: 0.1, learningRateSource: "adafactor" }, 10);
  expect([schedule(0, 7), schedule(1, 7), schedule(2, 8)]).toEqual([0.1, 7, 8]);
});

test.each<[string, Partial<ScheduleSettings>]>([
  ["a warm-up before a constant rate", { lrWarmupSteps: 5 }],
  [
    "a warm-up before a torch class",
    { lrSchedulerType: "StepLR", lrSchedulerArgs: { step_size: 3 }, lrWarmupSteps: 5 },
  ],
  ["an argument that is missing", { lrSchedulerType: "StepLR" }],
  ["a period of no length", { lrSchedulerType: "CosineAnnealingWarmRestarts", lrSchedulerArgs: { T_0: 0 } }],
  ["an argument nobody takes", { lrScheduler: "linear", lrSchedulerArgs: { power: 2 } }],
  ["rules without a last value", { lrScheduler: "piecewise_constant", lrSchedulerArgs: { step_rules: "1:10" } }],
  ["rules with a broken step", { lrScheduler: "piecewise_constant", lrSchedulerArgs: { step_rules: "1:1.5,2" } }],
])("%s is refused", (_, settings) => {
  expect(() => createSchedule({ learningRate: 1, ...settings }, 10)).toThrow(
    expect.objectContaining({ code: "LR_SCHEDULE" }),
  );
});

test("an unknown name suggests the nearest and lists all", () => {
  const hint = expect.stringMatching(/Did you mean cosine\?.*warmup_stable_decay/);
  expect(() => createSchedule({ learningRate: 1, lrScheduler: "cosinus" }, 10)).toThrow(
    expect.objectContaining({ code: "LR_SCHEDULE_UNKNOWN", hint }),
  );
});

describe("learning rates as text", () => {
  const schedule = (learningRate: string, settings: Partial<ScheduleSettings> = {}) =>
    createSchedule({ ...settings, learningRate }, 10);

  test("each holds until its step, the last for good", () => {
    const listed = schedule("0.05:2, 0.02:4, 0.005", { lrScheduler: "constant" });
    expect(steps(6).map((step) => listed(step))).toEqual([0.05, 0.05, 0.02, 0.02, 0.005, 0.005, 0.005]);
    expect(schedule("1e-3:2")(9)).toBe(1e-3);
  });

  test.each(["a:1,2", "1:2:3,4", "1:,2", "1,,2", ":5", "1:2,", "1:-2", "1:1.5, 2", "inf:3"])("%j is none", (text) => {
    expect(() => schedule(text)).toThrow(
      expect.objectContaining({ code: "LR_SCHEDULE", message: expect.stringContaining("is not a learning rate") }),
    );
  });

  test.each(["1:20, 2:10, 3", "1, 2"])("%j has no rising steps", (text) => {
    expect(() => schedule(text)).toThrow(
      expect.objectContaining({ code: "LR_SCHEDULE", message: expect.stringContaining("must rise") }),
    );
  });

  test.each<Partial<ScheduleSettings>>([
    { lrScheduler: "cosine" },
    { lrSchedulerType: "ConstantLR" },
    { learningRateSource: "adafactor" },
    { learningRateSource: "constant" },
  ])("go with no other schedule: %j", (settings) => {
    expect(() => schedule("1:5, 2", settings)).toThrow(
      expect.objectContaining({ code: "LR_SCHEDULE", message: expect.stringContaining("of its own") }),
    );
  });
});
