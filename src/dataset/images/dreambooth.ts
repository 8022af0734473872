import path from "node:path";
import { kindOfPath } from "../../files/index.ts";
import { PythonRandom } from "../../random/index.ts";
import { strip } from "../captions/caption.ts";
import { captionsOfOtherEnding, readCaption } from "../captions/caption-file.ts";
import { mapReportingAll } from "../concurrency.ts";
import type { DatasetPlan, SubsetPlan } from "../config/plan.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { warnAboutCaption } from "./image-warnings.ts";
import { infoCacheOf, readInfoCache, writeInfoCache } from "./metadata.ts";
import { describeMissing, joinPath } from "./paths.ts";
import { readPictureFolder, warnAboutNeighbours } from "./picture-folder.ts";
import {
  headersOf,
  type ImageEntry,
  type LoadContext,
  type LoadedSubset,
  type LoadedSubsets,
} from "./training-image.ts";

const captionsAtOnce = 16;

/** Reads the folders of a DreamBooth (or mask-image) dataset: images, captions, known sizes; regularisation images balanced.
 *  @throws CAPTION_UNREADABLE, FILE_UNREADABLE, DATASET_CONFIG (a damaged metadata_cache.json) */
export async function loadDreamBooth(plan: DatasetPlan, context: LoadContext): Promise<LoadedSubsets> {
  const { warnings } = context;
  const subsets: LoadedSubset[] = [];
  const normal: ImageEntry[] = [];
  const regularisation: ImageEntry[] = [];
  const seen = new Set<string>();
  for (const subset of plan.subsets) {
    const folder = subset.imageDir!;
    // differs from sd-scripts: `a`, `a/` and `./a` count as different folders, and their images are used twice.
    // coinage: spellings of the same folder are recognized as one.
    // because: a duplicate subset is an oversight.
    const identity = [folder, subset.conditioningDataDir ?? ""].map((part) => path.resolve(part)).join("\n");
    if (subset.numRepeats < 1) warnings.add("subsetWithoutRepeats", folder);
    else if (seen.has(identity)) warnings.add("subsetDuplicate", folder);
    else {
      const entries = await loadFolder(subset, plan, context);
      if (entries.length === 0) {
        if (!isReported(folder, warnings)) warnings.add("subsetEmpty", folder);
        continue;
      }
      seen.add(identity);
      subsets.push({ plan: subset, imageCount: entries.length });
      (subset.isReg ? regularisation : normal).push(...entries);
    }
  }
  const numTrainImages = repeatsOf(normal);
  const balanced = balanceRegularisation(regularisation, numTrainImages);
  const unused = regularisation.slice(balanced.length);
  warnings.addAll(
    "regularisationUnused",
    unused.map(({ path: file }) => file),
  );
  return { entries: [...normal, ...balanced], subsets, numTrainImages, numRegImages: repeatsOf(regularisation) };
}

/** Whether another warning explains why a folder has no images: it is not a folder, or its files cannot be used. */
function isReported(folder: string, warnings: DatasetWarnings): boolean {
  const left = (
    ["pictureUndecodable", "pictureMisnamed", "subfolderWithPictures", "infoCacheIncomplete"] as const
  ).flatMap((kind) => warnings.subjectsOf(kind));
  const missing = warnings.subjectsOf("folderMissing");
  return (
    left.some((file) => file.startsWith(joinPath(folder, ""))) || missing.some((told) => told.startsWith(`${folder} (`))
  );
}

async function loadFolder(subset: SubsetPlan, plan: DatasetPlan, context: LoadContext): Promise<readonly ImageEntry[]> {
  const folder = subset.imageDir!;
  if ((await kindOfPath(folder)) !== "folder") {
    context.warnings.add("folderMissing", await describeMissing(folder));
    return [];
  }
  const infoCache = infoCacheOf(folder);
  const isCached = subset.cacheInfo && (await kindOfPath(infoCache)) === "file";
  if (subset.cacheInfo && !isCached) context.warnings.add("infoCacheMissing", folder);
  const found = isCached
    ? await fromInfoCache(infoCache, subset, plan, context)
    : await fromFolder(folder, subset, plan, context);
  const kept = subset.isReg ? found : keepForTraining(found, plan, context);
  const entries = isCached ? kept : await withCaptions(kept, context);
  if (!subset.cacheInfo || isCached) return entries;
  const known = await headersOf(entries);
  // sizes as stored, without EXIF rotation: sd-scripts also reads this file
  const sized = entries.map((entry, i) => ({ ...entry, size: known[i]!.header!.size }));
  await writeInfoCache(infoCache, sized);
  return sized;
}

async function fromInfoCache(
  infoCache: string,
  subset: SubsetPlan,
  plan: DatasetPlan,
  { warnings }: LoadContext,
): Promise<ImageEntry[]> {
  const pictures = await readInfoCache(infoCache);
  const known = new Set(pictures.map(({ path: file }) => path.resolve(file)));
  // with a validation split, held-out images are missing from the cache on purpose
  const inFolder =
    plan.validationSplit > 0 ? [] : (await readPictureFolder(subset.imageDir!, subset.captionExtension)).pictures;
  warnings.addAll(
    "infoCacheIncomplete",
    inFolder.filter((file) => !known.has(path.resolve(file))),
  );
  return pictures.map(({ path: file, caption, size }) => ({ ...blankEntry(file, subset), caption, size }));
}

async function fromFolder(
  folder: string,
  subset: SubsetPlan,
  plan: DatasetPlan,
  { warnings }: LoadContext,
): Promise<ImageEntry[]> {
  const found = await readPictureFolder(folder, subset.captionExtension);
  await warnAboutNeighbours(found, plan, warnings);
  return found.pictures.map((file) => blankEntry(file, subset));
}

function blankEntry(file: string, subset: SubsetPlan): ImageEntry {
  return { key: file, path: file, caption: "", repeats: subset.numRepeats, isReg: subset.isReg, subset };
}

async function withCaptions(entries: readonly ImageEntry[], { warnings }: LoadContext): Promise<readonly ImageEntry[]> {
  const title = (count: number) => `${count} caption files cannot be used.`;
  const captions = await mapReportingAll(entries, captionsAtOnce, title, ({ path: file, subset }) =>
    readCaption(file, subset.captionExtension, subset.captions.enableWildcard),
  );
  const without = entries.filter((_, i) => captions[i] === undefined).map(({ path: file }) => file);
  warnings.addAll("captionOtherEnding", await captionsOfOtherEnding(without));
  return entries.map((entry, i) => {
    const { classTokens = "", captions: settings } = entry.subset;
    const { caption, hasMoreLines = false } = captions[i] ?? {};
    const isEmpty = strip(classTokens) === "" && !settings.captionPrefix && !settings.captionSuffix;
    if (caption === undefined && isEmpty) warnings.add("captionEmpty", entry.path);
    else if (caption === undefined) warnings.add("captionFromClass", entry.path);
    if (hasMoreLines) warnings.add("captionLines", entry.path);
    if (caption !== undefined) warnAboutCaption({ ...entry, caption }, warnings);
    return { ...entry, caption: caption ?? classTokens };
  });
}

function repeatsOf(entries: readonly ImageEntry[]): number {
  return entries.reduce((sum, { repeats }) => sum + repeats, 0);
}

/** Matches the number of regularisation samples to the training samples: drops surplus images, or repeats the first ones. */
function balanceRegularisation(entries: readonly ImageEntry[], numTrainImages: number): ImageEntry[] {
  const balanced: ImageEntry[] = [];
  if (entries.length === 0) return balanced;
  let samples = 0;
  for (const entry of entries) {
    if (samples >= numTrainImages) return balanced;
    balanced.push(entry);
    samples += entry.repeats;
  }
  const missing = Math.max(0, numTrainImages - samples);
  return balanced.map((entry, i) => {
    const extra = Math.floor(missing / entries.length) + (i < missing % entries.length ? 1 : 0);
    return { ...entry, repeats: entry.repeats + extra };
  });
}

/** The images of a folder that remain for training after `validation_split`, shuffled. */
function keepForTraining<Entry>(
  entries: readonly Entry[],
  plan: DatasetPlan,
  { random, warnings }: LoadContext,
): readonly Entry[] {
  const { validationSplit: split, validationSeed: seed } = plan;
  if (split === 0) return entries;
  if (split < 0 || split > 1) {
    // differs from sd-scripts: a validation_split above 1 still removes images from training.
    // coinage: a validation_split outside of 0 to 1 is ignored with a warning.
    // because: no share is meant by it.
    warnings.add("validationSplitIgnored", String(split));
    return entries;
  }
  const shuffled = [...entries];
  (seed === undefined ? random : new PythonRandom(seed)).shuffle(shuffled);
  return shuffled.slice(0, Math.ceil(shuffled.length * (1 - split)));
}
