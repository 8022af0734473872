import type { RunPlan } from "../training/index.ts";
import { entry } from "./entry.ts";
import { memoryText } from "./first-screen.ts";
import { bytesText, durationText, plural } from "./numbers.ts";

/** What a run would take, and what other settings would make of it. */
export function planText(plan: RunPlan): string[] {
  const { weights, copies, results, peak } = plan.memory;
  const rest = peak - weights - copies - results;
  return [
    entry("device", `${plan.device} (${plan.deviceReason})`),
    entry("model", plan.model),
    entry("memory", memoryText(peak, plan.availableBytes)),
    entry("", `weights as they lie in the file ${bytesText(weights)}, copies of them ${bytesText(copies)}`),
    entry("", `results of the networks ${bytesText(results)}, the rest ${bytesText(rest)}`),
    entry(
      "time",
      `about ${stepText(plan.secondsPerStep)} a step, ${durationText(Math.max(1, plan.seconds))} for ${plural(plan.steps, "step")}`,
    ),
    ...plan.alternatives.map(({ flags, memory, secondsPerStep }, i) =>
      entry(i === 0 ? "or with" : "", `${flags}: ${bytesText(memory.peak)}, ${stepText(secondsPerStep)} a step`),
    ),
  ];
}

function stepText(seconds: number): string {
  return `${seconds.toPrecision(2)} s`;
}
