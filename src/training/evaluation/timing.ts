import type { TrainSettings } from "../../options/index.ts";
import type { DeviceName } from "../../runtime/index.ts";

type AskingSettings = Pick<TrainSettings, "evalEveryNSteps" | "earlyStop" | "keep">;

/** Steps between evaluations; undefined without evaluations. */
export function evaluationInterval(
  { evalEveryNSteps, earlyStop, keep }: AskingSettings,
  device: DeviceName,
): number | undefined {
  if (evalEveryNSteps !== undefined) return evalEveryNSteps;
  if (!earlyStop && keep === "last") return undefined;
  return device === "cpu" ? 20 : 10;
}

/** Items of the frozen batch that is evaluated during a run. */
export const evaluatedItems = 8;

/** Items of the frozen batch for the choice at the end. */
export function choosingItems(device: DeviceName): number {
  return device === "cpu" ? 16 : 32;
}

/** Most images of 512 x 512 px, or their equivalent, that go through the networks together. On a CPU single ones are as fast and take
 *  the least memory. */
const imagesAtOnce = { processor: 1, graphics: 4 } as const;

/** Items of a frozen batch that go through the networks together. */
export function itemsAtOnce([width, height]: readonly [number, number], device: DeviceName): number {
  const pixels = 512 * 512 * (device === "cpu" ? imagesAtOnce.processor : imagesAtOnce.graphics);
  return Math.max(1, Math.floor(pixels / (width * height)));
}
