import { CoinageError } from "../../errors/index.ts";

/** An argument of --lr_scheduler_args: a parsed Python literal. */
export type ScheduleArgument = number | boolean | string | null | readonly ScheduleArgument[];

export type ScheduleArguments = Readonly<Record<string, ScheduleArgument>>;

/** sd-scripts' learning rate settings, in camelCase. */
export interface ScheduleSettings {
  readonly learningRate: number;
  /** Name of a schedule (default "constant"). */
  readonly lrScheduler?: string | undefined;
  /** Name of a class of torch.optim.lr_scheduler; takes precedence over lrScheduler. */
  readonly lrSchedulerType?: string | undefined;
  readonly lrSchedulerArgs?: ScheduleArguments | undefined;
  /** In steps of the scheduler, which advances once per process and optimizer step. */
  readonly lrWarmupSteps?: number | undefined;
  readonly lrDecaySteps?: number | undefined;
  readonly lrSchedulerNumCycles?: number | undefined;
  readonly lrSchedulerPower?: number | undefined;
  readonly lrSchedulerTimescale?: number | undefined;
  readonly lrSchedulerMinLrRatio?: number | undefined;
  /** Source of the optimizer's learning rate (default: the schedule). adafactor: the optimizer sets its own; constant: no schedule. */
  readonly learningRateSource?: "schedule" | "adafactor" | "constant" | undefined;
}

/** The learning rate of optimizer step `step`, from 0. Pure, except that Adafactor's schedule repeats what the optimizer reported. */
export type LearningRateSchedule = (step: number, reportedRate?: number) => number;

/** A schedule's numeric arguments, by name. @throws LR_SCHEDULE for other names and for values that are not numbers */
export function numberArguments<const Name extends string>(
  given: ScheduleArguments,
  names: readonly Name[],
  what: string,
): Readonly<Partial<Record<Name, number>>> {
  checkNames(given, names, what);
  for (const [name, value] of Object.entries(given))
    if (typeof value !== "number")
      throw mistake(`${what} wants a number for "${name}".`, `--lr_scheduler_args ${name}=...`);
  return given as Partial<Record<Name, number>>;
}

/** @throws LR_SCHEDULE for an argument that the schedule does not take. */
export function checkNames(given: ScheduleArguments, names: readonly string[], what: string): void {
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const takes = names.length > 0 ? `It takes: ${names.join(", ")}.` : "It takes none.";
    throw mistake(`${what} takes no argument "${name}".`, `--lr_scheduler_args ${name}=...`, takes);
  }
}

export function mistake(message: string, where: string, hint?: string): CoinageError {
  return new CoinageError("LR_SCHEDULE", message, { where, ...(hint && { hint }) });
}
