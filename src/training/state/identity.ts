import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { version } from "../../assets/index.ts";
import { type Checkpoint, fingerprint } from "../../checkpoint/index.ts";
import type { Dataset, DatasetGroup, TrainingImage } from "../../dataset/index.ts";
import { settingsWithEffect, type TrainSettings } from "../../options/index.ts";

/** JSON data. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/** What must not change for a run to be resumed, as plain data to compare. Paths are left out: files may be moved. */
export interface RunIdentity {
  readonly model: Plain;
  readonly settings: Plain;
  readonly dataset: Plain;
}

export async function identityOf(
  settings: TrainSettings,
  { checkpoint, group, seed }: { readonly checkpoint: Checkpoint; readonly group: DatasetGroup; readonly seed: number },
): Promise<RunIdentity> {
  return {
    model: modelIdentity(checkpoint),
    settings: asPlain({ ...actingSettings(settings), seed }),
    dataset: await datasetIdentity(group),
  };
}

/** What a run depends on but may change between a state and the run that resumes from it. */
export interface Environment {
  readonly program: string;
  readonly device: string;
  readonly threads: number;
  readonly gradientCheckpointing: boolean;
  readonly lowram: boolean;
  readonly processor: string;
  /** Length of the whole run. */
  readonly steps: number;
  /** What the embeddings started from, as a flag. */
  readonly startedFrom: string;
}

export async function environmentOf(settings: TrainSettings, steps: number): Promise<Environment> {
  const { initWord, weights, device, threads, gradientCheckpointing, lowram } = settings;
  return {
    program: `coinage ${await version()}`,
    device,
    gradientCheckpointing,
    lowram,
    threads: threads ?? os.availableParallelism(),
    processor: `${process.platform} ${process.arch}, ${os.cpus()[0]?.model ?? "unknown processor"}`,
    steps,
    startedFrom: weights === undefined ? `--init_word ${initWord ?? "not given"}` : "--weights",
  };
}

/** Settings that are compared by their effect, or that have none with a state. */
const comparedOtherwise: ReadonlySet<string> = new Set([
  ...["dataset_config", "train_data_dir", "image_dir", "reg_data_dir", "in_json", "vae"],
  ...["max_train_steps", "max_train_epochs", "time"],
  ...["init_word", "weights", "resume"],
  ...["initial_epoch", "initial_step", "skip_until_initial_step"],
]);

function actingSettings(settings: TrainSettings): Record<string, unknown> {
  return Object.fromEntries(settingsWithEffect("numbers", settings).filter(([name]) => !comparedOtherwise.has(name)));
}

function modelIdentity({ family, predictionType, unet, vae, textEncoder, textEncoder2 }: Checkpoint): Plain {
  return asPlain({
    family: family.value,
    predictionType: predictionType.value,
    unet: fingerprint(unet),
    vae: fingerprint(vae),
    textEncoder: fingerprint(textEncoder),
    textEncoder2: textEncoder2 && fingerprint(textEncoder2),
  });
}

async function datasetIdentity(group: DatasetGroup): Promise<Plain> {
  return asPlain({ seed: group.seed, datasets: await Promise.all(group.datasets.map(oneDataset)) });
}

async function oneDataset({ plan, images }: Dataset): Promise<object> {
  const { subsets, ...settings } = plan;
  const digests = new Map<string, string>();
  for (const image of images) {
    const name = path.basename(image.path);
    let free = name;
    for (let number = 2; digests.has(free); number++) free = `${name} (${number})`;
    digests.set(free, await imageDigest(image));
  }
  return {
    ...settings,
    subsets: subsets.map(({ imageDir, metadataFile, conditioningDataDir, cacheInfo, exifTranspose, ...rest }) => ({
      ...rest,
      // missing in states older than this setting
      ...(exifTranspose && { exifTranspose }),
    })),
    pictures: Object.fromEntries(digests),
  };
}

/** A digest of how an image is trained on, with the size of its files instead of their contents. */
async function imageDigest(image: TrainingImage): Promise<string> {
  const { caption, repeats, isReg, lossWeight, size, bucket, resized } = image;
  const lengths = [image.onlyLatents ?? image.path, image.maskPath].map(async (file) =>
    file === undefined ? undefined : (await stat(file).catch(() => undefined))?.size,
  );
  const facts = [caption, repeats, isReg, lossWeight, size, bucket, resized, ...(await Promise.all(lengths))];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
}

/** A value after a round trip through JSON. */
function asPlain(value: object): Plain {
  return JSON.parse(JSON.stringify(value)) as Plain;
}
