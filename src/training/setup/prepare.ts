import type { NdArray } from "../../array/index.ts";
import { type Checkpoint, familyNames, openCheckpoint } from "../../checkpoint/index.ts";
import {
  type DatasetGroup,
  type DatasetWarning,
  emptyDatasetError,
  openDataset,
  type Replacements,
  replacementsFor,
} from "../../dataset/index.ts";
import type { TargetModel } from "../../embedding/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { type DiffusionModel, diffusionModel, xtiLayers } from "../../models/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { PythonRandom, TorchGenerator } from "../../random/index.ts";
import type { Sign } from "../diagnostics/step-warnings.ts";
import type { FoundState } from "../state/index.ts";
import { type RunLength, runLength } from "./length.ts";
import { prepareWord, type TaughtWord, templateOf } from "./placeholder.ts";

/** All of a run that can be known and checked before anything takes long. */
export interface Preparation {
  readonly checkpoint: Checkpoint;
  readonly model: DiffusionModel;
  readonly word: TaughtWord;
  readonly group: DatasetGroup;
  readonly replacements: Replacements;
  readonly length: RunLength;
  readonly seed: number;
  readonly generators: { readonly torch: TorchGenerator; readonly python: PythonRandom };
  readonly notices: readonly { readonly code: string; readonly message: string }[];
}

/** Reads model headers, tokenizers, start vectors and the dataset, and checks them against each other. found: the state to go on from. */
export async function prepareRun(settings: TrainSettings, found?: FoundState): Promise<Preparation> {
  const checkpoint = await openCheckpoint(settings.pretrainedModelNameOrPath, {
    family: settings.v2 ? "sd2" : undefined,
    predictionType: settings.vParameterization ? "v_prediction" : undefined,
    vae: settings.vae,
  });
  const model = diffusionModel({ ...checkpoint, family: checkpoint.family.value });
  const state = found?.kind === "own" ? found.state : undefined;
  const seed = settings.seed ?? state?.seed ?? Math.floor(Math.random() * 2 ** 32);
  const generators = { torch: new TorchGenerator(seed), python: new PythonRandom(seed) };
  const word = await prepareWord(checkpoint, targetModel(model, settings), settings, rowsOfState(found));
  const family = model.family === "sdxl" ? "sdxl" : "sd";
  const group = await openDataset(settings, { random: generators.python, family });
  if (group.batchesPerEpoch === 0) throw emptyDatasetError(group, settings);
  checkBuckets(group, model);
  return {
    checkpoint,
    model,
    word,
    group,
    replacements: replacementsFor(word.tokens, templateOf(settings)),
    length: runLength(group.batchesPerEpoch, settings),
    seed,
    generators,
    notices: [
      ...checkpoint.warnings.map((message) => ({ code: "MODEL", message })),
      ...word.notices.map((message) => ({ code: "INIT_WORD", message })),
      ...group.warnings.map(datasetSign),
    ],
  };
}

function rowsOfState(found: FoundState | undefined): readonly NdArray<Float32Array>[] | undefined {
  return found?.kind === "own" ? found.state.initialRows : found?.rows;
}

/** What the word must fit. @throws SETTINGS_CONFLICT for XTI with SDXL */
function targetModel(model: DiffusionModel, { xti }: TrainSettings): TargetModel {
  return {
    label: familyNames[model.family],
    widths: model.textEncoders.map(({ architecture }) => architecture.width),
    ...(xti && { layers: xtiLayers(model, "--xti") }),
  };
}

function checkBuckets(group: DatasetGroup, { vae }: DiffusionModel): void {
  const { vaeScaleFactor } = vae.architecture;
  const bad = group.images.find(({ bucket }) => bucket.some((side) => side % vaeScaleFactor !== 0));
  if (bad)
    throw new CoinageError(
      "RESOLUTION",
      `The training size ${bad.bucket.join(" x ")} is no multiple of ${vaeScaleFactor} pixels.`,
      {
        where: bad.path,
        hint: `Set a resolution that is a multiple of ${vaeScaleFactor}; multiples of 64 are usual.`,
      },
    );
}

/** A warning of the dataset as one of the run. */
export function datasetSign({ kind, message }: DatasetWarning): Sign {
  return { code: `DATASET_${kind.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`, message };
}
