import { readFileSync } from "node:fs";
import path from "node:path";
import { imageEvent, scalarsEvent } from "../formats/tfevents/index.ts";
import { loggedSettings, type TrainSettings } from "../options/index.ts";
import type { StepEvent, TrainingEvent } from "../training/index.ts";
import { openEventFile } from "./event-file.ts";
import { writeHparams } from "./hparams.ts";
import type { Reporter } from "./reporter.ts";

type LogSettings = Pick<TrainSettings, "loggingDir" | "logWith" | "logPrefix" | "logTrackerName">;

/** Whether the settings ask for TensorBoard logs. Weights & Biases alone is not served by them. */
export function wantsTensorboard({ loggingDir, logWith }: LogSettings): boolean {
  return loggingDir !== undefined && logWith !== "wandb";
}

/** Where sd-scripts puts the logs of a run that begins at this time: `<logging_dir>/<prefix><YYYYMMDDhhmmss>/<tracker>`. */
export function logFolder(settings: LogSettings, start: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [start.getFullYear(), two(start.getMonth() + 1), two(start.getDate())];
  const time = [two(start.getHours()), two(start.getMinutes()), two(start.getSeconds())];
  const run = `${settings.logPrefix ?? ""}${[...day, ...time].join("")}`;
  return path.join(settings.loggingDir ?? "", run, settings.logTrackerName ?? "textual_inversion");
}

/** Writes a run to a TensorBoard event file: sd-scripts' scalars (`loss`, `lr` and where the optimizer has one `lr/d*lr` by step,
 *  `loss/epoch` by epoch), how the learned rows are doing (`rows/...`), and the sample pictures under the names they have there
 *  on Weights & Biases. With `--log_config` the settings lie beside it.
 *  differs from sd-scripts: `loss` is logged once a step, the mean over its batches; there each batch of an accumulation overwrites the last.
 *  @throws OUTPUT_UNWRITABLE when a file cannot be made */
export function tensorboardReporter(settings: TrainSettings, start: Date): Reporter<TrainingEvent> {
  const folder = logFolder(settings, start);
  const file = openEventFile(folder, start);
  if (settings.logConfig) writeHparams(folder, loggedSettings(settings), start);
  const nowSeconds = (): number => Date.now() / 1000;
  return {
    report(event) {
      switch (event.kind) {
        case "step":
          return file.write(scalarsEvent(nowSeconds(), event.step, scalarsOf(event)));
        case "epoch":
          return file.write(scalarsEvent(nowSeconds(), event.epoch, { "loss/epoch": event.loss }));
        case "sample":
          return file.write(imageEvent(nowSeconds(), event.step, imageOf(event)));
      }
    },
    close: file.close,
  };
}

function scalarsOf({ loss, nextLr, dTimesLr, rowNorm, gradNorm, distance }: StepEvent): Record<string, number> {
  return {
    loss,
    lr: nextLr,
    ...(dTimesLr !== undefined && { "lr/d*lr": dTimesLr }),
    "rows/norm": rowNorm,
    "rows/gradient_norm": gradNorm,
    "rows/distance": distance,
  };
}

function imageOf({ file, index, prompt, width, height }: Extract<TrainingEvent, { readonly kind: "sample" }>) {
  // As code, for Markdown would take <words> and *stars* of a prompt for its own.
  return { tag: `sample_${index}`, png: readFileSync(file), width, height, description: `\`${prompt}\`` };
}
