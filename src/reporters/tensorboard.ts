import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  type HyperParameters,
  hyperParameterEvents,
  imageEvent,
  recordOf,
  scalarsEvent,
  textEvent,
  versionEvent,
} from "../formats/tfevents/index.ts";
import { flagValues, loggedSettings, type TrainSettings, withDefaults } from "../options/index.ts";
import type { EvaluationEvent, RecipeSummary, StepEvent, TrainingEvent } from "../training/index.ts";
import { openLogFile } from "./log-file.ts";
import type { Reporter } from "./reporter.ts";

type LogSettings = Pick<TrainSettings, "loggingDir" | "logWith" | "logPrefix" | "logTrackerName">;

/** Whether the settings ask for TensorBoard logs; Weights & Biases alone does not. */
export function wantsTensorboard({ loggingDir, logWith }: LogSettings): boolean {
  return loggingDir !== undefined && logWith !== "wandb";
}

/** Where sd-scripts puts the logs of a run that starts at this time: `<logging_dir>/<prefix><YYYYMMDDhhmmss>/<tracker>`. */
export function logFolder(settings: LogSettings, start: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [start.getFullYear(), two(start.getMonth() + 1), two(start.getDate())];
  const time = [two(start.getHours()), two(start.getMinutes()), two(start.getSeconds())];
  const run = `${settings.logPrefix ?? ""}${[...day, ...time].join("")}`;
  return path.join(settings.loggingDir ?? "", run, settings.logTrackerName ?? "textual_inversion");
}

/** Writes a run to a TensorBoard event file: sd-scripts' scalars (`loss`, `lr` and where the optimizer has one `lr/d*lr` by step,
 *  `loss/epoch` by epoch), the learned embeddings (`rows/...`), evaluations (`eval/...`), and the sample images under their names on
 *  Weights & Biases. With `--log_config` the settings are written beside it.
 *  differs from sd-scripts: with gradient accumulation, `loss` in TensorBoard is that of a step's last batch.
 *  coinage: `loss` in TensorBoard is the mean over the batches of a step.
 *  because: the last batch alone says little about the step.
 *  @throws OUTPUT_UNWRITABLE when a file cannot be made */
export function tensorboardReporter(settings: TrainSettings, start: Date): Reporter<TrainingEvent> {
  const folder = logFolder(settings, start);
  const file = openEventFile(folder, start);
  // a recipe's settings are known only with the model and the images
  if (settings.logConfig && !settings.recipe) writeHparams(folder, loggedSettings(settings), start);
  const nowSeconds = (): number => Date.now() / 1000;
  return {
    report(event) {
      switch (event.kind) {
        case "start":
          if (settings.logConfig && event.run.recipe)
            writeHparams(folder, loggedSettings(ofRecipe(settings, event.run.recipe)), start);
          return;
        case "step":
          return file.write(scalarsEvent(nowSeconds(), event.step, scalarsOf(event)));
        case "evaluation":
          return file.write(scalarsEvent(nowSeconds(), event.step, evaluationScalars(event)));
        case "stopping":
          return file.write(textEvent(nowSeconds(), event.step, "stop/reason", event.reason));
        case "choice":
          return file.write(textEvent(nowSeconds(), event.step, "stop/choice", event.message));
        case "epoch":
          return file.write(scalarsEvent(nowSeconds(), event.epoch, { "loss/epoch": event.loss }));
        case "sample":
          return file.write(imageEvent(nowSeconds(), event.step, imageOf(event)));
      }
    },
    close: file.close,
  };
}

/** The settings with those that a recipe chose. */
function ofRecipe(settings: TrainSettings, { name, chosen }: RecipeSummary): TrainSettings {
  return withDefaults({ ...settings, recipe: name }, flagValues(chosen.flat())).settings;
}

function evaluationScalars({ loss, drop, dropError, slope, ratio }: EvaluationEvent): Record<string, number> {
  return {
    "eval/loss": loss,
    "eval/drop": drop,
    "eval/drop_error": dropError,
    ...(slope !== undefined && { "eval/slope": slope }),
    ...(ratio !== undefined && { "eval/ratio": ratio }),
  };
}

function scalarsOf({
  loss,
  nextLr,
  dTimesLr,
  rowNorm,
  gradNorm,
  distance,
  residual,
}: StepEvent): Record<string, number> {
  return {
    loss,
    lr: nextLr,
    ...(dTimesLr !== undefined && { "lr/d*lr": dTimesLr }),
    "rows/norm": rowNorm,
    "rows/gradient_norm": gradNorm,
    "rows/distance": distance,
    ...(residual !== undefined && { "eval/residual": residual }),
  };
}

function imageOf({ file, index, prompt, width, height }: Extract<TrainingEvent, { readonly kind: "sample" }>) {
  // As code, since Markdown would interpret <words> and *stars* of a prompt.
  return { tag: `sample_${index}`, png: readFileSync(file), width, height, description: `\`${prompt}\`` };
}

interface EventFile {
  readonly write: (event: Uint8Array) => void;
  readonly close: () => void;
}

/** A new event file of TensorBoard in this folder, with its first record. @throws OUTPUT_UNWRITABLE when it cannot be made */
function openEventFile(folder: string, start: Date): EventFile {
  const seconds = start.getTime() / 1000;
  const name = `events.out.tfevents.${Math.floor(seconds)}.${os.hostname()}.${process.pid}.0`;
  const file = openLogFile(path.join(folder, name), "--logging_dir");
  const write = (event: Uint8Array): void => file.write(recordOf(event));
  write(versionEvent(seconds));
  return { write, close: file.close };
}

type Logged = Readonly<Record<string, HyperParameters[string] | null>>;

/** Writes the settings of a run that started at this time as sd-scripts does: as TensorBoard hyperparameters and as `hparams.yml`,
 *  in a subfolder of the run named by the seconds since 1970. null: a setting that was not given.
 *  differs from sd-scripts: the TensorBoard hyperparameters and `hparams.yml` are in two folders, some milliseconds apart.
 *  coinage: the TensorBoard hyperparameters and `hparams.yml` are in one folder.
 *  because: both describe the same run.
 *  @throws OUTPUT_UNWRITABLE */
function writeHparams(runFolder: string, settings: Logged, start: Date): void {
  const seconds = start.getTime() / 1000;
  const folder = path.join(runFolder, String(seconds));
  const events = openEventFile(folder, start);
  const given = Object.entries(settings).filter(
    (entry): entry is [string, HyperParameters[string]] => entry[1] !== null,
  );
  for (const event of hyperParameterEvents(seconds, Object.fromEntries(given))) events.write(event);
  events.close();
  const file = openLogFile(path.join(folder, "hparams.yml"), "--log_config");
  file.write(yamlOf(settings));
  file.close();
}

/** A flat YAML document with sorted keys, as PyYAML writes it. Every JSON text is valid YAML. */
function yamlOf(settings: Logged): string {
  const lines = Object.entries(settings).map(([name, value]) => `${yamlKey(name)}: ${yamlValue(value)}\n`);
  return lines.sort().join("");
}

function yamlKey(name: string): string {
  return /^\w+$/.test(name) ? name : JSON.stringify(name);
}

function yamlValue(value: Logged[string]): string {
  if (typeof value !== "number") return JSON.stringify(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
  // YAML 1.1 reads 1e-7 as text and 1.0e-7 as a number.
  return String(value).replace(/^(-?\d+)e/, "$1.0e");
}
