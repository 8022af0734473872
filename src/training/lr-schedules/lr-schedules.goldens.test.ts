import { expect, test } from "vitest";
import { describeGoldens, readJson } from "../../../test/goldens.ts";
import { parsePythonArguments } from "../../options/index.ts";
import type { OptimizerArguments } from "../optimizers/arguments.ts";
import { chooseOptimizer, createOptimizer } from "../optimizers/index.ts";
import { createSchedule } from "./create.ts";
import type { ScheduleSettings } from "./settings.ts";

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly num_processes: number;
  readonly lrs: readonly number[] | null;
  readonly error: string | null;
}

/** The values of a flag on a command line. */
function wordsAfter(args: readonly string[], flag: string): readonly string[] | undefined {
  const at = args.indexOf(flag);
  if (at < 0) return undefined;
  const rest = args.slice(at + 1);
  const end = rest.findIndex((word) => word.startsWith("--"));
  return end < 0 ? rest : rest.slice(0, end);
}

function settingsOf(args: readonly string[], processes = 1): ScheduleSettings & { readonly maxTrainSteps: number } {
  const text = (flag: string) => wordsAfter(args, flag)?.[0];
  const number = (flag: string) => (text(flag) === undefined ? undefined : Number(text(flag)));
  const optimizer = chooseOptimizer({ optimizerType: text("--optimizer_type"), optimizerArgs: argumentsOf(args) });
  const maxTrainSteps = number("--max_train_steps")!;
  const steps = (flag: string) => stepsOf(text(flag), maxTrainSteps * processes);
  return {
    learningRate: number("--learning_rate")!,
    maxTrainSteps,
    lrScheduler: text("--lr_scheduler"),
    lrSchedulerType: text("--lr_scheduler_type"),
    lrSchedulerArgs: parsePythonArguments(wordsAfter(args, "--lr_scheduler_args") ?? [], "--lr_scheduler_args"),
    lrWarmupSteps: steps("--lr_warmup_steps"),
    lrDecaySteps: steps("--lr_decay_steps"),
    lrSchedulerNumCycles: number("--lr_scheduler_num_cycles"),
    lrSchedulerPower: number("--lr_scheduler_power"),
    lrSchedulerTimescale: number("--lr_scheduler_timescale"),
    lrSchedulerMinLrRatio: number("--lr_scheduler_min_lr_ratio"),
    learningRateSource: optimizer.learningRate,
  };
}

function argumentsOf(args: readonly string[]): OptimizerArguments {
  return parsePythonArguments(wordsAfter(args, "--optimizer_args") ?? []);
}

/** A number of steps as sd-scripts reads it: a count, or a share of all steps. */
function stepsOf(text: string | undefined, totalSteps: number): number | undefined {
  if (text === undefined) return undefined;
  const isShare = text.endsWith("%") || Number(text) < 1;
  const amount = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text);
  return isShare ? Math.trunc(amount * totalSteps) : amount;
}

/** The rate that Adafactor reports after each step, for a [3,4] table of ones and gradients of 1. */
function adafactorRates(args: readonly string[], steps: number): number[] {
  const choice = chooseOptimizer({ optimizerType: "Adafactor", optimizerArgs: argumentsOf(args) });
  const optimizer = createOptimizer(choice, [{ rows: 3, columns: 4 }]);
  const parameters = new Float32Array(12).fill(1);
  return Array.from({ length: steps }, () => {
    optimizer.step([parameters], [new Float32Array(12).fill(1)], 0);
    return optimizer.numbers.rate!;
  });
}

describeGoldens("lr-schedules", (folder) => {
  const cases = readJson<Case[]>(folder, "schedules.json");

  test.each(cases.filter(({ lrs }) => lrs))("$name", ({ args, lrs, num_processes }) => {
    const settings = settingsOf(args, num_processes);
    const schedule = createSchedule(settings, settings.maxTrainSteps, num_processes);
    const reported = settings.learningRateSource === "adafactor" ? adafactorRates(args, lrs!.length) : [];
    const relative = reported.length > 0 ? 1e-5 : settings.lrSchedulerType ? 1e-9 : 1e-12;
    lrs!.forEach((expected, step) => {
      const rate = schedule(step, reported[step - 1]);
      expect(Math.abs(rate - expected), `step ${step}`).toBeLessThanOrEqual(relative * Math.abs(expected) + 1e-15);
    });
  });

  test.each(cases.filter(({ error }) => error))("$name: $error", ({ args, num_processes }) => {
    const create = () => {
      const settings = settingsOf(args, num_processes);
      createSchedule(settings, settings.maxTrainSteps, num_processes);
    };
    expect(create).toThrow(expect.objectContaining({ code: expect.stringMatching(/^LR_SCHEDULE/) }));
  });
});
