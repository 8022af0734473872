import type { LearningRateSchedule } from "./settings.ts";
import { mistake } from "./settings.ts";

interface RateUntil {
  readonly rate: number;
  /** Steps it holds up to, counted from the beginning. */
  readonly limit: number;
}

/** Learning rates as the A1111 web UI takes them, `0.05:10, 0.02:20, 0.005`: each until the step after its colon, the last for good.
 *  @throws LR_SCHEDULE for a text that is no such list, and when the steps do not rise. */
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
  if (!Number.isFinite(rate)) throw wrongList(`"${part.trim()}" is no learning rate with a step behind a colon.`, text);
  return { rate, limit: limit === undefined ? Number.POSITIVE_INFINITY : Number(limit) };
}

function wrongList(message: string, text: string): Error {
  return mistake(
    message,
    `--learning_rate "${text}"`,
    'For example "0.05:10, 0.02:20, 0.005": 0.05 for 10 steps, 0.02 until step 20, then 0.005.',
  );
}
