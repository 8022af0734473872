import { readdir } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { kindOfPath } from "../../files/index.ts";
import { namedAs, pictureExtensions } from "../../pictures/index.ts";
import { mapReportingAll } from "../concurrency.ts";
import type { DatasetPlan, SubsetPlan } from "../config/plan.ts";
import { LatentFolders, type NamedLatents } from "../latents/names.ts";
import { warnAboutCaption } from "./image-warnings.ts";
import { captionOf, type MetadataEntry, readMetadata } from "./metadata.ts";
import { joinPath, withoutExtension } from "./paths.ts";
import type { ImageEntry, LoadContext, LoadedSubset, LoadedSubsets } from "./training-image.ts";

const keysAtOnce = 16;

/** Reads the metadata files of a fine-tuning dataset.
 *  @throws DATASET_CONFIG for a missing or damaged metadata file and for keys without image */
export async function loadFineTuning(plan: DatasetPlan, context: LoadContext): Promise<LoadedSubsets> {
  const { warnings } = context;
  const subsets: LoadedSubset[] = [];
  // differs from sd-scripts: equal keys in the metadata files of two subsets are one image.
  // coinage: images of metadata files are told apart by their path.
  // because: two folders can hold different images of the same name.
  const entries = new Map<string, ImageEntry>();
  const seen = new Set<string>();
  let numTrainImages = 0;
  for (const subset of plan.subsets) {
    const file = subset.metadataFile!;
    if (subset.numRepeats < 1) warnings.add("subsetWithoutRepeats", file);
    else if (seen.has(path.resolve(file))) warnings.add("subsetDuplicate", file);
    else {
      const metadata = await readMetadata(file);
      if (metadata.length === 0) {
        warnings.add("metadataEmpty", file);
        continue;
      }
      seen.add(path.resolve(file));
      for (const entry of await entriesOf(metadata, subset, context)) entries.set(path.resolve(entry.path), entry);
      subsets.push({ plan: subset, imageCount: metadata.length });
      numTrainImages += metadata.length * subset.numRepeats;
    }
  }
  return { entries: [...entries.values()], subsets, numTrainImages, numRegImages: 0 };
}

async function entriesOf(
  metadata: readonly MetadataEntry[],
  subset: SubsetPlan,
  { caching, warnings }: LoadContext,
): Promise<ImageEntry[]> {
  const latents = caching && new LatentFolders(caching.family);
  const pictures = new PictureNames();
  // longest keys first, as in sd-scripts; Python counts code points
  const sorted = metadata.toSorted((a, b) => [...b.key].length - [...a.key].length);
  const title = (count: number) => `${count} keys of the metadata have no image.`;
  const entries = await mapReportingAll(sorted, keysAtOnce, title, (item) => entryOf(item, subset, pictures, latents));
  for (const entry of entries) warnAboutCaption(entry, warnings);
  return entries;
}

async function entryOf(
  item: MetadataEntry,
  subset: SubsetPlan,
  pictures: PictureNames,
  latents: LatentFolders | undefined,
): Promise<ImageEntry> {
  const base = pathOfKey(item.key, subset);
  const picture = await pictures.at(base);
  const standIn = picture === undefined ? await latentsAt(base, latents) : undefined;
  if (picture === undefined && !standIn)
    throw keyNotFound(item.key, base, subset, {
      undecodable: await undecodableAt(base),
      isFoundFromHere: (await pictures.at(item.key)) !== undefined,
    });
  const size = item.size ?? standIn?.size;
  return {
    key: item.key,
    path: picture ?? standIn!.file,
    caption: captionOf(item, subset.captions),
    repeats: subset.numRepeats,
    isReg: false,
    subset,
    ...(size && { size }),
    ...(standIn && { onlyLatents: standIn.file }),
  };
}

/** The latent cache of a missing image. base: its path, with or without extension. */
async function latentsAt(base: string, latents: LatentFolders | undefined): Promise<NamedLatents | undefined> {
  const [ofStem] = (await latents?.of(withoutExtension(base))) ?? [];
  return ofStem ?? (await latents?.of(base))?.[0];
}

function pathOfKey(key: string, subset: SubsetPlan): string {
  if (path.isAbsolute(key)) return key;
  if (subset.imageDir !== undefined) return joinPath(subset.imageDir, key);
  throw new CoinageError("DATASET_CONFIG", `The key "${key}" is not an absolute path, so image_dir is needed.`, {
    where: subset.metadataFile!,
    hint: "Give image_dir beside metadata_file, or --train_data_dir beside --in_json.",
  });
}

interface NearKey {
  /** Files that the key could mean, in formats that cannot be decoded. */
  readonly undecodable: readonly string[];
  /** Whether the key alone is the path of an image, as metadata tools write with full paths. */
  readonly isFoundFromHere: boolean;
}

function keyNotFound(
  key: string,
  base: string,
  subset: SubsetPlan,
  { undecodable, isFoundFromHere }: NearKey,
): CoinageError {
  if (undecodable.length > 0)
    return new CoinageError(
      "DATASET_CONFIG",
      `The image for the key "${key}" has a format that is not supported: ${undecodable.join(", ")}.`,
      { where: subset.metadataFile!, hint: "Export it as PNG or JPEG." },
    );
  return new CoinageError(
    "DATASET_CONFIG",
    `There is no image for the key "${key}": ${base} does not exist, with or without an image extension.`,
    {
      where: subset.metadataFile!,
      hint: isFoundFromHere
        ? 'Keys are relative to the image folder, and these lead to images from the current folder: use --train_data_dir . (image_dir = "." in a dataset config).'
        : "Restore the image, or remove the key. A latent cache replaces the image only with --cache_latents or --cache_latents_to_disk.",
    },
  );
}

/** Images of many folders by stem; each folder is read once. */
class PictureNames {
  readonly #folders = new Map<string, Promise<Map<string, string[]>>>();

  /** The image at a path with or without extension.
   *  differs from sd-scripts: a metadata key without an extension finds no image.
   *  coinage: a metadata key without an extension is looked for with every image extension.
   *  because: the metadata tools of sd-scripts write keys without extensions. */
  async at(base: string): Promise<string | undefined> {
    if ((await kindOfPath(base)) === "file") return base;
    const folder = path.dirname(base);
    const found = this.#folders.get(folder) ?? picturesByStem(folder);
    this.#folders.set(folder, found);
    const name = (await found).get(path.basename(base))?.[0];
    return name === undefined ? undefined : base.slice(0, base.length - path.basename(base).length) + name;
  }
}

/** The files that a key without image could mean: with its name, in a format that cannot be decoded. */
async function undecodableAt(base: string): Promise<string[]> {
  const names = await readdir(path.dirname(base)).catch(() => []);
  const isMeant = (name: string) =>
    namedAs(name) === "undecodable picture" && [name, withoutExtension(name)].includes(path.basename(base));
  return names.filter(isMeant);
}

/** Names of the images in a folder, by stem, those with sd-scripts' extensions first. */
async function picturesByStem(folder: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const names = (await readdir(folder).catch(() => [])).filter((name) => namedAs(name) === "picture");
  for (const name of names.sort((a, b) => rank(a) - rank(b))) {
    const stem = name.slice(0, name.lastIndexOf("."));
    found.set(stem, [...(found.get(stem) ?? []), name]);
  }
  return found;
}

/** Sort key: extensions in order of search, lower case before upper and mixed case. */
function rank(name: string): number {
  const ending = name.slice(name.lastIndexOf("."));
  const lower = ending.toLowerCase();
  const byCase = ending === lower ? 0 : ending === ending.toUpperCase() ? 1 : 2;
  return pictureExtensions.indexOf(lower) * 3 + byCase;
}
