import { CoinageError, nearestName } from "../../errors/index.ts";
import { namedSchedules, type ScheduleSpan, warmupWithout } from "./named-schedules.ts";
import { type LearningRateSchedule, mistake, type ScheduleSettings } from "./settings.ts";
import { torchSchedules } from "./torch-schedules.ts";

/** The learning rate of every optimizer step. A list of rates as text (see `rateTextSchedule`) is itself a schedule.
 *  totalSteps: optimizer steps of the run. processes: of a distributed run; the scheduler advances once per process, over a length
 *  multiplied likewise. @throws LR_SCHEDULE, LR_SCHEDULE_UNKNOWN */
export function createSchedule(
  given: Omit<ScheduleSettings, "learningRate"> & { readonly learningRate: number | string },
  totalSteps: number,
  processes = 1,
): LearningRateSchedule {
  const { learningRate } = given;
  if (typeof learningRate === "string") return listedRates(learningRate, given);
  const settings = { ...given, learningRate };
  const { lrSchedulerType, lrSchedulerArgs: args = {}, learningRateSource: source = "schedule" } = settings;
  if (source === "constant") return () => learningRate;
  const total = totalSteps * processes;
  const span = { total, warmup: settings.lrWarmupSteps ?? 0, decay: settings.lrDecaySteps ?? 0 };
  if (lrSchedulerType) {
    const rate = torchSchedule(lrSchedulerType)(learningRate, args);
    if (span.warmup !== 0) throw warmupWithout(lrSchedulerType);
    return (step) => rate(step * processes);
  }
  if (source === "adafactor" || settings.lrScheduler === "adafactor") return reportedRate(settings, span);
  const factor = namedSchedule(settings.lrScheduler || "constant")(span, settings, args);
  return (step) => learningRate * factor(step * processes);
}

function listedRates(
  text: string,
  {
    lrScheduler = "constant",
    lrSchedulerType,
    learningRateSource = "schedule",
  }: Omit<ScheduleSettings, "learningRate">,
): LearningRateSchedule {
  const schedule = rateTextSchedule(text);
  if (!lrSchedulerType && lrScheduler === "constant" && learningRateSource === "schedule") return schedule;
  throw mistake(
    "A list of learning rates is a schedule of its own and goes with no other.",
    `--learning_rate "${text}"`,
    learningRateSource === "schedule"
      ? "Leave --lr_scheduler and --lr_scheduler_type out, or give one learning rate."
      : "Give one learning rate, or take an optimizer that does not set its own.",
  );
}

interface RateUntil {
  readonly rate: number;
  /** Step until which the rate holds. */
  readonly limit: number;
}

/** Learning rates in the A1111 web UI's notation, `0.05:10, 0.02:20, 0.005`: each until the step after its colon, the last to the end.
 *  @throws LR_SCHEDULE if the text is not such a list or its steps do not rise */
export function rateTextSchedule(text: string): LearningRateSchedule {
  const rules = text.split(",").map((part) => rateUntil(part, text));
  if (rules.some(({ limit }, i) => i > 0 && limit <= rules[i - 1]!.limit))
    throw wrongList("The steps of a learning rate list must rise, and only its last rate may go without one.", text);
  const last = rules.at(-1)!.rate;
  return (step) => rules.find(({ limit }) => step < limit)?.rate ?? last;
}

function rateUntil(part: string, text: string): RateUntil {
  const [, word = "", limit] = /^\s*([^:\s]+)\s*(?::\s*(\d+)\s*)?$/.exec(part) ?? [];
  const rate = word === "" ? Number.NaN : Number(word);
  if (!Number.isFinite(rate))
    throw wrongList(`"${part.trim()}" is not a learning rate with a step after a colon.`, text);
  return { rate, limit: limit === undefined ? Number.POSITIVE_INFINITY : Number(limit) };
}

function wrongList(message: string, text: string): Error {
  return mistake(
    message,
    `--learning_rate "${text}"`,
    'For example "0.05:10, 0.02:20, 0.005": 0.05 for 10 steps, 0.02 until step 20, then 0.005.',
  );
}

/** The rate that Adafactor reported for its previous step; before the first step, the given rate. */
function reportedRate(
  { learningRate, learningRateSource }: ScheduleSettings,
  span: ScheduleSpan,
): LearningRateSchedule {
  if (learningRateSource !== "adafactor")
    throw mistake(
      "The schedule adafactor repeats the learning rate that the optimizer Adafactor finds with relative_step.",
      "--lr_scheduler adafactor",
      "Use it with --optimizer_type AdaFactor and no relative_step=False, or choose another schedule.",
    );
  if (span.warmup !== 0) throw warmupWithout("adafactor");
  return (step, reported = learningRate) => (step === 0 ? learningRate : reported);
}

/** Values of --lr_scheduler. */
const scheduleNames: readonly string[] = [...Object.keys(namedSchedules), "adafactor"];

/** Values of --lr_scheduler_type. */
const scheduleTypes: readonly string[] = Object.keys(torchSchedules);

function namedSchedule(name: string) {
  return Object.hasOwn(namedSchedules, name) ? namedSchedules[name]! : unknown(name, scheduleNames, "--lr_scheduler");
}

function torchSchedule(type: string) {
  const name = type.replace(/^torch\.optim\.lr_scheduler\./, "");
  return Object.hasOwn(torchSchedules, name)
    ? torchSchedules[name]!
    : unknown(type, scheduleTypes, "--lr_scheduler_type");
}

function unknown(name: string, known: readonly string[], flag: string): never {
  const near = nearestName(name, known);
  throw new CoinageError("LR_SCHEDULE_UNKNOWN", `There is no learning rate schedule "${name}".`, {
    where: `${flag} ${name}`,
    hint: `${near ? `Did you mean ${near}? ` : ""}There are: ${known.join(", ")}.`,
  });
}
