import { type DatasetReport, reportOf, type TrainedCrop, trainedCropOf } from "../../dataset/index.ts";
import { resultOf } from "../../events/index.ts";
import type { Checked, TrainSettings } from "../../options/index.ts";
import { type DeviceRate, measureRate, type OpenDevice, requireDevice } from "../../runtime/index.ts";
import type { RunSummary } from "../events.ts";
import { LoweredMicroStep } from "../loop/micro-step-program.ts";
import { withRecipe } from "../recipes/apply.ts";
import { fitToTime } from "../recipes/time-box.ts";
import { estimateSteps } from "../recipes/time-steps.ts";
import { openTrainingDevice } from "../setup/device.ts";
import { openInputs, openModel, withLocalModels } from "../setup/inputs.ts";
import { openRun } from "../setup/open-run.ts";
import { settingsWarnings, type Warning } from "../warnings.ts";
import { summarize } from "./summary.ts";

/** What a run reports before its first step. */
export interface DryRun {
  readonly run: RunSummary;
  readonly dataset: DatasetReport;
  /** The part of each image that is trained on or measured. */
  readonly crops: readonly TrainedCrop[];
  /** In the order in which the run shows them. */
  readonly warnings: readonly Pick<Warning, "code" | "message" | "option">[];
}

interface KnownDevice {
  readonly asked: string;
  readonly device: OpenDevice & { readonly warnings: readonly Warning[] };
  readonly rate: DeviceRate;
}

/** Dry runs, one after another. The device stays open between them: choosing, opening and measuring it takes longer than the rest. */
export class DryRuns {
  #known: KnownDevice | undefined;

  /** Does what a run does before its first step, except loading networks and writing files: reads model and images, checks them against
   *  the settings, and estimates memory and time. @throws as train does */
  async try({ settings: given, warnings: ofSettings }: Checked<TrainSettings>): Promise<DryRun> {
    await requireDevice(given.device);
    const local = await resultOf(withLocalModels(given));
    const model = await openModel(local);
    const { device, rate } = await this.#deviceOf(local);
    const chosen = await withRecipe(local, model, device.runtime.device);
    const {
      settings,
      recipe,
      warnings: ofRecipe,
    } = await fitToTime(chosen, model, device, estimateSteps(device.runtime));
    const inputs = await openInputs(settings, undefined, model);
    const run = await openRun(settings, inputs, undefined, recipe);
    const { summary, warnings } = await summarize(run, device, new LoweredMicroStep(settings, inputs, device), rate);
    const all: Warning[] = [
      ...settingsWarnings([...ofSettings, ...ofRecipe]),
      ...device.warnings,
      ...run.startWarnings,
      ...warnings,
    ];
    return {
      run: summary,
      dataset: reportOf(inputs.group),
      crops: inputs.group.datasets.flatMap(({ images, heldOut }) => [...images, ...heldOut].map(trainedCropOf)),
      warnings: all.map(({ code, message, option }) => ({ code, message, ...(option !== undefined && { option }) })),
    };
  }

  async #deviceOf(settings: TrainSettings): Promise<KnownDevice> {
    const asked = JSON.stringify([settings.device, settings.threads, settings.mixedPrecision]);
    if (this.#known?.asked === asked) return this.#known;
    await this.close();
    const device = await openTrainingDevice(settings);
    this.#known = { asked, device, rate: await measureRate(device.runtime) };
    return this.#known;
  }

  async close(): Promise<void> {
    const known = this.#known;
    this.#known = undefined;
    await known?.device.runtime.close();
  }
}
