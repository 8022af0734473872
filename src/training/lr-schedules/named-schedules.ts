import { checkNames, mistake, numberArguments, type ScheduleArguments, type ScheduleSettings } from "./settings.ts";

/** The lengths of a schedule in scheduler steps. */
export interface ScheduleSpan {
  readonly total: number;
  readonly warmup: number;
  readonly decay: number;
}

/** Factor of the learning rate at a scheduler step. */
type Factor = (step: number) => number;

type NamedSchedule = (span: ScheduleSpan, settings: ScheduleSettings, args: ScheduleArguments) => Factor;

/** The schedules of transformers and diffusers by name. Most warm up linearly to 1 first.
 *  `adafactor` is missing: it repeats what its optimizer reports. */
export const namedSchedules: Readonly<Record<string, NamedSchedule>> = {
  constant(span, _, args) {
    checkNames(args, [], "constant");
    if (span.warmup !== 0) throw warmupWithout("constant");
    return () => 1;
  },

  constant_with_warmup(span, _, args) {
    checkNames(args, [], "constant_with_warmup");
    return warmedUp(span, () => 1);
  },

  linear(span, _, args) {
    checkNames(args, [], "linear");
    const length = Math.max(1, span.total - span.warmup);
    return warmedUp(span, (_progress, step) => Math.max(0, (span.total - step) / length));
  },

  /** Half a period by default; ignores --lr_scheduler_num_cycles, not the argument num_cycles. */
  cosine(span, _, args) {
    const { num_cycles: cycles = 0.5 } = numberArguments(args, ["num_cycles"], "cosine");
    return warmedUp(span, (progress) => Math.max(0, cosine(2 * cycles * progress)));
  },

  cosine_with_restarts(span, { lrSchedulerNumCycles: cycles = 1 }, args) {
    checkNames(args, [], "cosine_with_restarts");
    return warmedUp(span, (progress) => (progress >= 1 ? 0 : Math.max(0, cosine((cycles * progress) % 1))));
  },

  polynomial(span, { learningRate, lrSchedulerPower: power = 1 }, args) {
    const { lr_end: end = 1e-7 } = numberArguments(args, ["lr_end"], "polynomial");
    if (!(learningRate > end))
      throw mistake(
        `The final learning rate ${end} is not below the first, ${learningRate}.`,
        `--lr_scheduler polynomial --learning_rate ${learningRate}`,
        `Give a smaller one: --lr_scheduler_args lr_end=${learningRate / 100}`,
      );
    return warmedUp(span, (progress, step) => {
      const kept = step > span.total ? 0 : (1 - progress) ** power;
      return ((learningRate - end) * kept + end) / learningRate;
    });
  },

  inverse_sqrt(span, { lrSchedulerTimescale }, args) {
    checkNames(args, [], "inverse_sqrt");
    const timescale = lrSchedulerTimescale ?? (span.warmup || 10_000);
    return warmedUp(span, (_, step) => 1 / Math.sqrt((step + timescale - span.warmup) / timescale));
  },

  cosine_with_min_lr(span, settings, args) {
    const { min_lr: absolute } = numberArguments(args, ["min_lr"], "cosine_with_min_lr");
    const floor = minLrFloor(settings, absolute);
    const cycles = settings.lrSchedulerNumCycles ?? 1;
    return warmedUp(span, (progress) => Math.max(0, floor + (1 - floor) * cosine(cycles * progress)));
  },

  warmup_stable_decay(span, settings, args) {
    checkNames(args, ["warmup_type", "decay_type"], "warmup_stable_decay");
    const { lrSchedulerMinLrRatio: floor = 0, lrSchedulerNumCycles: cycles = 1 } = settings;
    const rise = curve(args, "warmup_type", "linear");
    const fall = curve(args, "decay_type", "cosine");
    const stableEnd = span.total - span.decay;
    const lift = (factor: number) => Math.max(0, floor + (1 - floor) * factor);
    return (step) => {
      if (step < span.warmup) return lift(risen[rise](step / Math.max(1, span.warmup)));
      if (step < stableEnd) return 1;
      return step < span.total ? lift(fallen[fall]((step - stableEnd) / Math.max(1, span.decay), cycles)) : floor;
    };
  },

  /** "value:limit,...,value": the first value whose limit is after the step. No warm-up. */
  piecewise_constant(_, __, args) {
    checkNames(args, ["step_rules"], "piecewise_constant");
    const { rules, rest } = stepRules(args.step_rules);
    return (step) => rules.find(({ limit }) => step < limit)?.value ?? rest;
  },
};

export function warmupWithout(name: string): Error {
  return mistake(
    `The schedule ${name} has no warm-up.`,
    "--lr_warmup_steps",
    "Leave it out, or choose a schedule with one, for example --lr_scheduler constant_with_warmup.",
  );
}

/** Linear warm-up from 0 to 1, then `course` over progress 0..1. */
function warmedUp(span: ScheduleSpan, course: (progress: number, step: number) => number): Factor {
  return (step) =>
    step < span.warmup
      ? step / Math.max(1, span.warmup)
      : course((step - span.warmup) / Math.max(1, span.total - span.warmup), step);
}

/** Cosine from 1 to 0 in the first half period. */
function cosine(halfPeriods: number): number {
  return 0.5 * (1 + Math.cos(Math.PI * halfPeriods));
}

function minLrFloor({ lrSchedulerMinLrRatio: ratio, learningRate }: ScheduleSettings, absolute?: number): number {
  if ((ratio === undefined) !== (absolute === undefined)) return ratio ?? absolute! / learningRate;
  throw mistake(
    `cosine_with_min_lr needs a smallest learning rate${ratio === undefined ? "" : ", but not two of them"}.`,
    "--lr_scheduler cosine_with_min_lr",
    "Give either --lr_scheduler_min_lr_ratio 0.1 or --lr_scheduler_args min_lr=1e-5.",
  );
}

const risen = {
  linear: (progress: number) => progress,
  cosine: (progress: number) => 1 - cosine(progress),
  "1-sqrt": (progress: number) => 1 - Math.sqrt(1 - progress),
} as const;

const fallen = {
  linear: (progress: number) => 1 - progress,
  cosine: (progress: number, cycles: number) => cosine(cycles * progress),
  "1-sqrt": (progress: number) => 1 - Math.sqrt(progress),
} as const;

function curve(args: ScheduleArguments, name: string, standard: keyof typeof risen): keyof typeof risen {
  const chosen = args[name] ?? standard;
  if (typeof chosen === "string" && Object.hasOwn(risen, chosen)) return chosen as keyof typeof risen;
  const choices = Object.keys(risen).join(", ");
  throw mistake(`There is no curve "${String(chosen)}".`, `--lr_scheduler_args ${name}=...`, `Choose: ${choices}.`);
}

interface StepRule {
  readonly value: number;
  readonly limit: number;
}

function stepRules(text: unknown): { readonly rules: readonly StepRule[]; readonly rest: number } {
  const parts = typeof text === "string" ? text.split(",") : [];
  const rest = Number(parts.pop() || Number.NaN);
  const rules = parts.map((part) => {
    const [value, limit, ...more] = part.split(":").map((number) => Number(number.trim() || Number.NaN));
    return { value: value!, limit: more.length > 0 ? Number.NaN : limit! };
  });
  if (Number.isNaN(rest) || rules.some(({ value, limit }) => Number.isNaN(value) || !Number.isInteger(limit)))
    throw mistake(
      "piecewise_constant needs its rules.",
      "--lr_scheduler piecewise_constant",
      `For example --lr_scheduler_args "step_rules='1:100,0.1:300,0.01'": factor 1 before step 100, 0.1 before step 300, then 0.01.`,
    );
  return { rules: rules.sort((a, b) => a.limit - b.limit), rest };
}
