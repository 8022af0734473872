import type { NdArray } from "../../array/index.ts";
import { type Checkpoint, openCheckpoint } from "../../checkpoint/index.ts";
import {
  type DatasetGroup,
  type DatasetWarning,
  emptyDatasetError,
  openDataset,
  type Replacements,
  replacementsFor,
} from "../../dataset/index.ts";
import { type Generators, seededGenerators } from "../../diffusion/index.ts";
import type { TargetModel } from "../../embedding/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { type DownloadEvent, localModel } from "../../hub/index.ts";
import { type DiffusionModel, diffusionModel, xtiLayers } from "../../models/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { embeddingTarget } from "../../pipeline/index.ts";
import type { FoundState } from "../state/index.ts";
import type { Warning } from "../warnings.ts";
import { type RunLength, runLength } from "./length.ts";
import { type PreparedPlaceholder, preparePlaceholder, templateOf } from "./placeholder.ts";

/** The settings with model and VAE as paths on this machine; names are fetched from the Hugging Face hub.
 *  @throws the HUB codes */
export async function* withLocalModels(settings: TrainSettings): AsyncGenerator<DownloadEvent, TrainSettings> {
  const { pretrainedModelNameOrPath, vae } = settings;
  return {
    ...settings,
    pretrainedModelNameOrPath: yield* localModel(pretrainedModelNameOrPath),
    vae: vae === undefined ? undefined : yield* localModel(vae, "vae"),
  };
}

/** The model of a run; only headers have been read. */
export interface OpenModel {
  readonly checkpoint: Checkpoint;
  readonly model: DiffusionModel;
}

/** The inputs of a run, checked before any long work. */
export interface TrainingInputs extends OpenModel {
  readonly placeholder: PreparedPlaceholder;
  readonly group: DatasetGroup;
  readonly replacements: Replacements;
  readonly length: RunLength;
  readonly seed: number;
  readonly generators: Generators;
  readonly warnings: readonly Warning[];
}

/** Reads the headers of a model. */
export async function openModel(settings: TrainSettings): Promise<OpenModel> {
  const checkpoint = await openCheckpoint(settings.pretrainedModelNameOrPath, {
    family: settings.v2 ? "sd2" : undefined,
    predictionType: settings.vParameterization ? "v_prediction" : undefined,
    vae: settings.vae,
  });
  return { checkpoint, model: diffusionModel({ ...checkpoint, family: checkpoint.family.value }) };
}

/** Reads model headers, tokenizers, start vectors and the dataset, and checks them against each other. found: the state to resume from; opened: the model,
 *  if it is open already. */
export async function openInputs(
  settings: TrainSettings,
  found?: FoundState,
  opened?: OpenModel,
): Promise<TrainingInputs> {
  const { checkpoint, model } = opened ?? (await openModel(settings));
  const state = found?.kind === "own" ? found.state : undefined;
  const seed = settings.seed ?? state?.seed ?? Math.floor(Math.random() * 2 ** 32);
  const generators = seededGenerators(seed);
  const target = targetModel(model, settings);
  const placeholder = await preparePlaceholder(checkpoint, target, settings, initialEmbeddingsOf(found));
  const family = model.family === "sdxl" ? "sdxl" : "sd";
  const group = await openDataset(settings, { random: generators.python, family });
  if (group.batchesPerEpoch === 0) throw emptyDatasetError(group, settings);
  checkBuckets(group, model);
  return {
    checkpoint,
    model,
    placeholder,
    group,
    replacements: replacementsFor(placeholder.tokens, templateOf(settings)),
    length: runLength(group.batchesPerEpoch, settings),
    seed,
    generators,
    warnings: [
      ...checkpoint.warnings.map((message) => ({ code: "MODEL", message })),
      ...placeholder.warnings.map((message) => ({ code: "INIT_WORD", message })),
      ...group.warnings.map(datasetWarning),
    ],
  };
}

function initialEmbeddingsOf(found: FoundState | undefined): readonly NdArray<Float32Array>[] | undefined {
  return found?.kind === "own" ? found.state.initialEmbeddings : found?.embeddings;
}

/** Text encoder widths and layers that the embeddings must fit. @throws SETTINGS_CONFLICT for XTI with SDXL */
function targetModel(model: DiffusionModel, { xti }: TrainSettings): TargetModel {
  return { ...embeddingTarget(model), ...(xti && { layers: xtiLayers(model, "--xti") }) };
}

function checkBuckets(group: DatasetGroup, { vae }: DiffusionModel): void {
  const { vaeScaleFactor } = vae.architecture;
  const bad = group.images.find(({ bucket }) => bucket.some((side) => side % vaeScaleFactor !== 0));
  if (bad)
    throw new CoinageError(
      "RESOLUTION",
      `The training size ${bad.bucket.join(" x ")} is not a multiple of ${vaeScaleFactor} pixels.`,
      {
        where: bad.path,
        hint: `Set a resolution that is a multiple of ${vaeScaleFactor}; multiples of 64 are usual.`,
      },
    );
}

/** A dataset's warning as a warning of the run. */
export function datasetWarning({ kind, message }: DatasetWarning): Warning {
  return { code: `DATASET_${kind.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`, message };
}
