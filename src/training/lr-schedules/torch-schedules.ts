import { checkNames, mistake, numberArguments, type ScheduleArgument, type ScheduleArguments } from "./settings.ts";

/** Learning rate at a scheduler step. */
export type Rate = (step: number) => number;

/** The classes of torch.optim.lr_scheduler that depend on step and numbers alone, in closed form. */
export const torchSchedules: Readonly<Record<string, (base: number, args: ScheduleArguments) => Rate>> = {
  ConstantLR(base, args) {
    const { factor = 1 / 3, total_iters: length = 5 } = numberArguments(args, ["factor", "total_iters"], "ConstantLR");
    return (step) => base * (step < length ? factor : 1);
  },

  CosineAnnealingLR(base, args) {
    const { T_max, eta_min: end = 0 } = numberArguments(args, ["T_max", "eta_min"], "CosineAnnealingLR");
    const period = required(T_max, "CosineAnnealingLR", "T_max");
    return (step) => end + (base - end) * between(step / period);
  },

  CosineAnnealingWarmRestarts(base, args) {
    const names = ["T_0", "T_mult", "eta_min"] as const;
    const { T_0, T_mult: growth = 1, eta_min: end = 0 } = numberArguments(args, names, "CosineAnnealingWarmRestarts");
    const first = required(T_0, "CosineAnnealingWarmRestarts", "T_0");
    return (step) => {
      let start = 0;
      let period = first;
      while (step >= start + period) {
        start += period;
        period *= Math.max(1, growth);
      }
      return end + (base - end) * between((step - start) / period);
    };
  },

  ExponentialLR(base, args) {
    const { gamma } = numberArguments(args, ["gamma"], "ExponentialLR");
    const factor = required(gamma, "ExponentialLR", "gamma");
    return (step) => base * factor ** step;
  },

  LinearLR(base, args) {
    const names = ["start_factor", "end_factor", "total_iters"] as const;
    const {
      start_factor: start = 1 / 3,
      end_factor: end = 1,
      total_iters: length = 5,
    } = numberArguments(args, names, "LinearLR");
    return (step) => base * (start + (end - start) * Math.min(1, step / length));
  },

  MultiStepLR(base, args) {
    const { milestones, ...rest } = args;
    const { gamma = 0.1 } = numberArguments(rest, ["gamma"], "MultiStepLR");
    const passed = numbers(milestones);
    return (step) => base * gamma ** passed.filter((milestone) => milestone <= step).length;
  },

  OneCycleLR: oneCycle,

  PolynomialLR(base, args) {
    const { total_iters: length = 5, power = 1 } = numberArguments(args, ["total_iters", "power"], "PolynomialLR");
    return (step) => base * (1 - Math.min(step, length) / length) ** power;
  },

  StepLR(base, args) {
    const { step_size, gamma = 0.1 } = numberArguments(args, ["step_size", "gamma"], "StepLR");
    const length = required(step_size, "StepLR", "step_size");
    return (step) => base * gamma ** Math.floor(step / length);
  },
};

/** Up to max_lr and down to almost nothing.
 *  differs from sd-scripts: OneCycleLR also cycles the optimizer's momentum, against the learning rate.
 *  coinage: OneCycleLR leaves the optimizer's momentum alone.
 *  because: a schedule here is a function of the step count and knows no optimizer. */
function oneCycle(
  _: number,
  { anneal_strategy: strategy = "cos", three_phase: hasThird = false, ...args }: ScheduleArguments,
): Rate {
  checkNames({ [String(strategy)]: 0 }, ["cos", "linear"], "OneCycleLR's anneal_strategy");
  const names = [
    "max_lr",
    "total_steps",
    "epochs",
    "steps_per_epoch",
    "pct_start",
    "div_factor",
    "final_div_factor",
  ] as const;
  const given = numberArguments(args, names, "OneCycleLR");
  const { pct_start: share = 0.3, div_factor: division = 25, final_div_factor: finalDivision = 1e4 } = given;
  const largest = required(given.max_lr, "OneCycleLR", "max_lr");
  const epochs = given.epochs && given.steps_per_epoch ? given.epochs * given.steps_per_epoch : undefined;
  const total = required(given.total_steps ?? epochs, "OneCycleLR", "total_steps");
  const start = largest / division;
  const end = start / finalDivision;
  const phases = hasThird
    ? [
        { until: share * total - 1, from: start, to: largest },
        { until: 2 * share * total - 2, from: largest, to: start },
        { until: total - 1, from: start, to: end },
      ]
    : [
        { until: share * total - 1, from: start, to: largest },
        { until: total - 1, from: largest, to: end },
      ];
  return (step) => {
    const at = phases.findIndex(({ until }) => step <= until);
    const { until, from, to } = phases.at(at)!;
    const begin = phases[(at < 0 ? phases.length - 1 : at) - 1]?.until ?? 0;
    const progress = (step - begin) / (until - begin);
    return strategy === "cos" ? to + (from - to) * between(progress) : from + (to - from) * progress;
  };
}

/** Half a cosine, from 1 to 0. */
function between(progress: number): number {
  return 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** @throws LR_SCHEDULE if the argument is missing or not above 0 */
function required(value: number | undefined, what: string, name: string): number {
  if (value !== undefined && value > 0) return value;
  throw mistake(
    `${what} needs the argument "${name}", above 0.`,
    `--lr_scheduler_type ${what}`,
    `--lr_scheduler_args ${name}=...`,
  );
}

function numbers(values: ScheduleArgument | undefined): number[] {
  if (Array.isArray(values) && values.every((value) => typeof value === "number")) return values;
  throw mistake(
    `MultiStepLR needs the argument "milestones".`,
    "--lr_scheduler_type MultiStepLR",
    "--lr_scheduler_args milestones=[100,200]",
  );
}
