import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { recordOf, scalarsEvent, versionEvent } from "../formats/tfevents/index.ts";
import type { TrainSettings } from "../options/index.ts";
import type { StepEvent, TrainingEvent } from "../training/index.ts";
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

/** Writes sd-scripts' scalars to a TensorBoard event file: `loss`, `lr` and where the optimizer has one `lr/d*lr` by step,
 *  `loss/epoch` by epoch.
 *  differs from sd-scripts: `loss` is logged once a step, the mean over its batches; there each batch of an accumulation overwrites the last.
 *  @throws OUTPUT_UNWRITABLE when the file cannot be made */
export function tensorboardReporter(settings: LogSettings, start: Date): Reporter<TrainingEvent> {
  const handle = openEventFile(logFolder(settings, start), start);
  const write = (data: Uint8Array): unknown => writeSync(handle, recordOf(data));
  const log = (step: number, scalars: Readonly<Record<string, number>>): unknown =>
    write(scalarsEvent(Date.now() / 1000, step, scalars));
  write(versionEvent(start.getTime() / 1000));
  return {
    report(event) {
      if (event.kind === "step") log(event.step, scalarsOf(event));
      if (event.kind === "epoch") log(event.epoch, { "loss/epoch": event.loss });
    },
    close: () => closeSync(handle),
  };
}

function scalarsOf({ loss, nextLr, dTimesLr }: StepEvent): Record<string, number> {
  return { loss, lr: nextLr, ...(dTimesLr !== undefined && { "lr/d*lr": dTimesLr }) };
}

function openEventFile(folder: string, start: Date): number {
  const seconds = Math.floor(start.getTime() / 1000);
  try {
    mkdirSync(folder, { recursive: true });
    return openSync(path.join(folder, `events.out.tfevents.${seconds}.${os.hostname()}.${process.pid}.0`), "w");
  } catch (cause) {
    throw new CoinageError("OUTPUT_UNWRITABLE", `The log folder ${folder} cannot be written.`, {
      where: "--logging_dir",
      hint: "Choose another folder, or leave --logging_dir out.",
      cause,
    });
  }
}
