import { CoinageError } from "../errors/index.ts";
import { trainTable } from "../options/index.ts";
import { PythonRandom } from "../random/index.ts";
import { readDatasetConfig } from "./config/config.ts";
import type { DatasetSettings } from "./config/keys.ts";
import { type LatentCaching, type LatentFamily, resolveDatasets } from "./config/plan.ts";
import { type Dataset, loadDataset } from "./dataset.ts";
import { DatasetGroup } from "./group.ts";
import { holdOut } from "./held-out.ts";
import { type DatasetWarning, DatasetWarnings } from "./warnings.ts";

/** Options for datasets besides the settings. */
export interface OpenOptions {
  /** Python's generator, seeded by the run: draws validation splits without a seed, then the dataset seed.
   *  Without it, they differ every time. */
  readonly random?: PythonRandom;
  /** VAE of cached latents (default: sd). */
  readonly family?: LatentFamily;
}

/** Reads the datasets of a run: config, folders, captions, sizes, buckets. Decodes no images.
 *  A group without batches is not an error here; `emptyDatasetError` says why it is empty.
 *  @throws DATASET_CONFIG, BUCKET_LIMITS, CAPTION_UNREADABLE, FILE_UNREADABLE, MASK_MISSING, PICTURE_UNREADABLE */
export async function openDataset(settings: DatasetSettings, options: OpenOptions = {}): Promise<DatasetGroup> {
  const { random = new PythonRandom(), family = "sd" } = options;
  const warnings = new DatasetWarnings();
  const config = await readDatasetConfig(settings, warnings);
  const caching = cachingOf(settings, family);
  const datasets: Dataset[] = [];
  for (const plan of resolveDatasets(config, settings))
    datasets.push(await loadDataset(plan, { warnings, random, caching }, family === "sdxl" ? 32 : 64));
  if (caching) checkCacheable(datasets);
  return new DatasetGroup(holdOut(datasets, settings.holdOut ?? 0), warningsOf(warnings, settings), random, caching);
}

/** The warnings; those about captions only if captions are used. */
function warningsOf(
  warnings: DatasetWarnings,
  { useObjectTemplate, useStyleTemplate }: DatasetSettings,
): DatasetWarning[] {
  const all = warnings.list();
  return useObjectTemplate || useStyleTemplate ? all.filter(({ kind }) => !kind.startsWith("caption")) : all;
}

function cachingOf(settings: DatasetSettings, family: LatentFamily): LatentCaching | undefined {
  const {
    cacheLatents = false,
    cacheLatentsToDisk = false,
    vaeBatchSize = trainTable.vae_batch_size.default,
    skipCacheCheck = false,
  } = settings;
  if (!cacheLatents && !cacheLatentsToDisk) return undefined;
  return { family, vaeBatchSize: Math.max(1, vaeBatchSize), toDisk: cacheLatentsToDisk, skipCheck: skipCacheCheck };
}

function checkCacheable(datasets: readonly Dataset[]): void {
  const subset = datasets.flatMap(({ subsets }) => subsets).find(({ plan }) => plan.colorAug || plan.randomCrop)?.plan;
  if (subset)
    throw new CoinageError(
      "DATASET_CONFIG",
      "Latents cannot be cached with color_aug or random_crop: every image is encoded only once.",
      {
        where: subset.metadataFile ?? subset.imageDir!,
        hint: "Leave out --cache_latents and --cache_latents_to_disk, or color_aug and random_crop.",
      },
    );
}
