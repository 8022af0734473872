import type { LearningRateSchedule } from "./settings.ts";
import { mistake } from "./settings.ts";

/** Learning rates as the A1111 web UI takes them, `0.05:10, 0.02:20, 0.005`: each until the step after its colon, the last for good.
 *  Undefined where the text is one plain number or no such list. @throws LR_SCHEDULE when the limits do not rise. */
export function rateTextSchedule(text: string): LearningRateSchedule | undefined {
  if (!/[:,]/.test(text)) return undefined;
  const rules = text.split(",").map((part) => {
    const [rate, limit, ...more] = part.split(":").map((number) => Number(number.trim() || Number.NaN));
    return { rate: rate!, limit: limit ?? Number.POSITIVE_INFINITY, isWhole: more.length === 0 };
  });
  if (rules.some(({ rate, limit, isWhole }) => Number.isNaN(rate) || Number.isNaN(limit) || !isWhole)) return undefined;
  if (rules.some(({ limit }, i) => i > 0 && limit <= rules[i - 1]!.limit))
    throw mistake(
      "The steps of a learning rate list must rise, and only its last rate may go without one.",
      `--learning_rate "${text}"`,
      'For example "0.05:10, 0.02:20, 0.005": 0.05 for 10 steps, 0.02 until step 20, then 0.005.',
    );
  const last = rules.at(-1)!.rate;
  return (step) => rules.find(({ limit }) => step < limit)?.rate ?? last;
}
