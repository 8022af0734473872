import { resultOf, type StopSignal, unlessAborted } from "../../events/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { measureRate, requireDevice } from "../../runtime/index.ts";
import type { RecipeSummary } from "../events.ts";
import { readPreviews } from "../output/preview-requests.ts";
import { withRecipe } from "../recipes/apply.ts";
import { summaryOf } from "../recipes/summary.ts";
import { fitToTime } from "../recipes/time-box.ts";
import { estimateSteps } from "../recipes/time-steps.ts";
import { availableBytes, openTrainingDevice } from "../setup/device.ts";
import { openInputs, openModel, withLocalModels } from "../setup/inputs.ts";
import { batteryWarnings } from "../setup/power.ts";
import type { Warning } from "../warnings.ts";
import { expectedRest } from "./drawing.ts";
import { type Estimate, estimateRun } from "./estimate.ts";

/** Memory and time that a run would take. */
export interface RunPlan extends Estimate {
  readonly device: string;
  readonly deviceReason: string;
  readonly model: string;
  readonly recipe: RecipeSummary | undefined;
  /** Optimizer steps of the run. */
  readonly steps: number;
  /** Sample images of the run. */
  readonly images: number;
  /** Seconds of all steps and sample images. */
  readonly seconds: number;
  /** Free memory; known on CPUs only. */
  readonly availableBytes: number | undefined;
  /** The estimate with other settings. */
  readonly alternatives: readonly Alternative[];
  /** Warnings about battery and sleep for a run of that length. */
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

export interface Alternative extends Estimate {
  /** Flags to add to the command line. */
  readonly flags: string;
}

/** Estimates memory and time of a run without starting it: reads model and images, and measures the device briefly.
 *  @throws as train does, and the signal's reason if aborted */
export async function planTraining(given: TrainSettings, signal?: StopSignal): Promise<RunPlan> {
  await requireDevice(given.device);
  const local = await resultOf(unlessAborted(withLocalModels(given), signal));
  if (!local) throw signal?.reason;
  const model = await openModel(local);
  const device = await openTrainingDevice(local);
  const { runtime, reason } = device;
  try {
    const chosen = await withRecipe(local, model, runtime.device);
    const { settings, recipe } = await fitToTime(chosen, model, device, estimateSteps(runtime));
    const inputs = await openInputs(settings, undefined, model);
    const rate = await measureRate(runtime);
    const expected = (settings: TrainSettings) => estimateRun(settings, inputs, device, rate);
    const { steps } = inputs.length;
    const estimate = expected(settings);
    const { requests } = await readPreviews(settings, inputs);
    const rest = expectedRest(settings, inputs, requests, estimate, rate);
    return {
      ...estimate,
      device: runtime.device,
      deviceReason: reason,
      model: inputs.checkpoint.path,
      recipe: recipe && summaryOf(recipe, settings),
      steps,
      ...rest,
      availableBytes: availableBytes(runtime.device),
      alternatives: alternativesTo(settings).map(({ flags, change }) => ({
        flags,
        ...expected({ ...settings, ...change }),
      })),
      warnings: await batteryWarnings(rest.seconds, settings),
    };
  } finally {
    await runtime.close();
  }
}

interface Change {
  readonly flags: string;
  readonly change: Partial<TrainSettings>;
}

/** Settings that would take less memory and are not in use yet. */
function alternativesTo({ cacheLatents, gradientCheckpointing, lowram }: TrainSettings): Change[] {
  const changes: Change[] = [];
  if (!cacheLatents) changes.push({ flags: "--cache_latents", change: { cacheLatents: true } });
  if (gradientCheckpointing) return changes;
  if (!lowram) changes.push({ flags: "--lowram", change: { lowram: true } });
  return [...changes, { flags: "--gradient_checkpointing", change: { gradientCheckpointing: true } }];
}

/** A warning if free memory does not suffice, with settings that take less. expected: the estimate for other settings. */
export function memoryWarnings(
  { memory: { peak } }: Estimate,
  settings: TrainSettings,
  available: number | undefined,
  expected: (settings: TrainSettings) => Estimate,
): Warning[] {
  if (available === undefined || peak <= available) return [];
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  // --gradient_checkpointing includes what --lowram does
  const changes = alternativesTo(settings).filter(({ change }) => !change.lowram);
  const least = expected(Object.assign({}, settings, ...changes.map(({ change }) => change))).memory.peak;
  const flags = changes.map(({ flags }) => flags).join(" ");
  const advice = changes.length > 0 ? `With ${flags} it would be about ${gigabytes(least)}. ` : "";
  return [
    {
      code: "MEMORY",
      message: `The run will take about ${gigabytes(peak)} of memory; ${gigabytes(available)} is free. ${advice}A smaller --resolution or --train_batch_size (with --gradient_accumulation_steps) takes less.`,
    },
  ];
}
