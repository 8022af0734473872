import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { NdArray } from "../array/index.ts";
import { writeEmbedding } from "../embedding/index.ts";
import { CoinageError } from "../errors/index.ts";
import { kindOfPath, writeFileAtomically } from "../files/index.ts";
import type { TrainSettings } from "../options/index.ts";

export interface SaveContext {
  readonly settings: TrainSettings;
  readonly metadata: (date: Date) => Record<string, string>;
}

/** Makes the output folder and tries whether it can be written to: a run must not find out at its end. @throws OUTPUT_UNWRITABLE */
export async function prepareOutput({ outputDir }: Pick<TrainSettings, "outputDir">): Promise<void> {
  const probe = path.join(outputDir, ".coinage-can-write");
  try {
    await mkdir(outputDir, { recursive: true });
    await writeFileAtomically(probe, "");
    await rm(probe);
  } catch (cause) {
    throw new CoinageError("OUTPUT_UNWRITABLE", `The output folder ${path.resolve(outputDir)} cannot be written to.`, {
      where: `--output_dir ${outputDir}`,
      hint: "Choose another folder, or make this one writable.",
      cause,
    });
  }
}

/** When an embedding is saved decides its name. */
export type Moment =
  | { readonly kind: "step"; readonly step: number }
  | { readonly kind: "epoch"; readonly epoch: number }
  | { readonly kind: "final" };

export function embeddingFile(settings: TrainSettings, moment: Moment): string {
  const { outputDir, outputName, saveModelAs } = settings;
  return path.join(outputDir, `${outputName}${suffix(moment)}.${saveModelAs}`);
}

function suffix(moment: Moment): string {
  if (moment.kind === "step") return `-step${String(moment.step).padStart(8, "0")}`;
  return moment.kind === "epoch" ? `-${String(moment.epoch).padStart(6, "0")}` : "";
}

/** Writes the learned rows (one table per text encoder) as sd-scripts lays them out. @throws OUTPUT_UNWRITABLE */
export async function saveEmbedding(
  { settings, metadata }: SaveContext,
  rows: readonly NdArray<Float32Array>[],
  moment: Moment,
): Promise<string> {
  const file = embeddingFile(settings, moment);
  const word = { vectors: rows, token: settings.tokenString, step: undefined, metadata: metadata(new Date()) };
  await writeEmbedding(file, word, { layout: "kohya", precision: settings.savePrecision });
  return file;
}

/** The save that falls out of the kept ones when this one is made, or nothing. Source: training-loop.md section 12. */
export function outdatedMoment(settings: TrainSettings, moment: Moment): Moment | undefined {
  const { saveEveryNEpochs, saveEveryNSteps, saveLastNEpochs, saveLastNSteps } = settings;
  if (moment.kind === "epoch" && saveEveryNEpochs && saveLastNEpochs) {
    const epoch = moment.epoch - saveEveryNEpochs * saveLastNEpochs;
    return epoch >= 0 ? { kind: "epoch", epoch } : undefined;
  }
  if (moment.kind === "step" && saveEveryNSteps && saveLastNSteps) {
    const newest = moment.step - saveLastNSteps - 1;
    const step = newest - (newest % saveEveryNSteps);
    return newest >= 0 ? { kind: "step", step } : undefined;
  }
  return undefined;
}

/** Removes an embedding file that is no longer kept; the file's path, or nothing when it is not there. */
export async function removeOutdated(settings: TrainSettings, moment: Moment): Promise<string | undefined> {
  const outdated = outdatedMoment(settings, moment);
  if (!outdated) return undefined;
  const file = embeddingFile(settings, outdated);
  if ((await kindOfPath(file)) !== "file") return undefined;
  await rm(file);
  return file;
}

/** Epochs between saves: --save_n_epoch_ratio goes before --save_every_n_epochs. */
export function epochInterval(settings: TrainSettings, epochs: number): number | undefined {
  const { saveNEpochRatio, saveEveryNEpochs } = settings;
  return saveNEpochRatio ? Math.max(1, Math.floor(epochs / saveNEpochRatio)) : saveEveryNEpochs;
}
