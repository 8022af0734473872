import path from "node:path";
import {
  type BatchListing,
  type DatasetReport,
  DebugPictures,
  listEpoch,
  reportOf,
  type WrittenPictures,
} from "../dataset/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { DownloadEvent } from "../hub/index.ts";
import type { TrainSettings } from "../options/index.ts";
import { drawEpochOrder } from "../random/index.ts";
import { chooseDevice } from "../runtime/index.ts";
import { captionWarnings } from "./diagnostics/caption-warnings.ts";
import { maxTokenLengthOf, PlaceholderReader } from "./diagnostics/placeholder-reader.ts";
import { tokenIdsOf } from "./loop/micro-step.ts";
import { withRecipe } from "./recipes/apply.ts";
import { openInputs, openModel, type TrainingInputs, withLocalModels } from "./setup/inputs.ts";

/** An event of `--debug_dataset`: the placeholder tokens, the datasets, then every batch of an epoch as training would see it. */
export type DebugEvent =
  | DownloadEvent
  | {
      readonly kind: "dataset";
      readonly tokens: readonly string[];
      readonly tokenIds: readonly number[];
      readonly layers: readonly string[] | undefined;
      readonly dataset: DatasetReport;
    }
  | { readonly kind: "warning"; readonly code: string; readonly message: string }
  | ({ readonly kind: "batch" } & BatchListing)
  /** The last event with `--debug_dataset_dir`: images of all batches were written. */
  | ({ readonly kind: "pictures" } & WrittenPictures);

/** Goes through one epoch without networks: captions, token ids (learned ones from 49408 on), sizes, crops, flips.
 *  @throws OUTPUT_UNWRITABLE, SETTINGS_CONFLICT for a --debug_dataset_dir inside the dataset, and any error in model header, placeholder tokens or dataset */
export async function* debugDataset(given: TrainSettings): AsyncGenerator<DebugEvent> {
  const local = yield* withLocalModels(given);
  const model = await openModel(local);
  const device = local.recipe === undefined ? "cpu" : (await chooseDevice(local.device)).device;
  const { settings } = await withRecipe(local, model, device);
  const inputs = await openInputs(settings, undefined, model);
  const { placeholder, group, generators, replacements, length, warnings } = inputs;
  for (const { code, message } of [...warnings, ...captionWarnings(settings, inputs)])
    yield { kind: "warning", code, message };
  const { tokens, ids: tokenIds, layers } = placeholder;
  yield { kind: "dataset", tokens, tokenIds, layers, dataset: reportOf(group) };
  const order = drawEpochOrder(generators.torch, group.batchesPerEpoch);
  const context = { replacements, maxTrainSteps: length.steps, currentStep: () => 0 };
  const maxTokenLength = maxTokenLengthOf(settings);
  const idsOf = (caption: string) =>
    tokenIdsOf([caption], { placeholder, maxTokenLength }).flatMap((texts) => texts.map((chunks) => chunks.flat()));
  const reader = new PlaceholderReader(placeholder, maxTokenLength);
  refusePictureFolder(settings, inputs);
  const pictures = settings.debugDatasetDir ? new DebugPictures(settings.debugDatasetDir) : undefined;
  for await (const batch of listEpoch(group, order, context, idsOf, (caption) => reader.describe(caption))) {
    await pictures?.add(batch);
    yield { kind: "batch", ...batch };
  }
  if (pictures) yield { kind: "pictures", ...(await pictures.finish()) };
}

/** Refuses a folder of images or masks as --debug_dataset_dir: the next run would train on what is written there. */
function refusePictureFolder({ debugDatasetDir }: TrainSettings, { group }: Pick<TrainingInputs, "group">): void {
  if (!debugDatasetDir) return;
  const folders = group.datasets.flatMap(({ subsets }) =>
    subsets.flatMap(({ plan: { imageDir, conditioningDataDir } }) => [imageDir, conditioningDataDir]),
  );
  if (!folders.some((folder) => folder !== undefined && path.resolve(folder) === path.resolve(debugDatasetDir))) return;
  throw new CoinageError(
    "SETTINGS_CONFLICT",
    `${debugDatasetDir} is a folder of the dataset: what is written there would be trained on.`,
    {
      where: "--debug_dataset_dir",
      hint: "Choose another folder.",
    },
  );
}
