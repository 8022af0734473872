import path from "node:path";
import { version } from "../../assets/index.ts";
import { type ModelSpecInputs, modelSpecMetadata } from "../../embedding/index.ts";
import { didYouMean, readRegularFile } from "../../files/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { ChosenRecipe } from "../recipes/apply.ts";
import { recipeMetadata } from "../recipes/summary.ts";

/** A function that gives the metadata of the run's embedding files, with the current date, and a warning if the thumbnail cannot be read. None with --no_metadata or with vectors for each layer. */
export async function metadataOf(
  settings: TrainSettings,
  model: Pick<ModelSpecInputs, "family" | "predictionType">,
  recipe?: ChosenRecipe,
): Promise<{ readonly metadata: (date: Date) => Record<string, string>; readonly warning?: string }> {
  if (settings.xti || settings.noMetadata) return { metadata: () => ({}) };
  const { metadataThumbnail } = settings;
  const thumbnail = metadataThumbnail === undefined ? undefined : await thumbnailUrl(metadataThumbnail);
  const implementationVersion = `coinage/${await version()}`;
  const descriptions = {
    author: settings.metadataAuthor,
    description: settings.metadataDescription,
    license: settings.metadataLicense,
    tags: settings.metadataTags,
    usage_hint: settings.metadataUsageHint,
    thumbnail,
    merged_from: settings.metadataMergedFrom,
    trigger_phrase: settings.metadataTriggerPhrase,
    preprocessor: settings.metadataPreprocessor,
    is_negative_embedding: settings.metadataIsNegativeEmbedding,
  };
  const further = Object.fromEntries(
    Object.entries(settings.extraMetadata ?? {}).map(([key, text]) => [`modelspec.${key}`, text]),
  );
  const metadata = (date: Date) => ({
    ...modelSpecMetadata({
      ...model,
      date,
      implementationVersion,
      descriptions,
      title: settings.metadataTitle ?? settings.outputName,
      resolution: settings.resolution?.join(","),
      minTimestep: settings.minTimestep,
      maxTimestep: settings.maxTimestep,
      clipSkip: settings.clipSkip,
    }),
    ...further,
    ...(settings.trainingComment !== undefined && { ss_training_comment: settings.trainingComment }),
    ...(recipe && recipeMetadata(recipe, settings)),
  });
  if (metadataThumbnail === undefined || thumbnail !== undefined) return { metadata };
  const near = didYouMean(metadataThumbnail);
  return {
    metadata,
    warning: `The thumbnail ${metadataThumbnail} cannot be read; the metadata is written without it.${near === undefined ? "" : ` ${near}`}`,
  };
}

const imageTypes: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
  ".gif": "image/gif",
  ".avif": "image/avif",
};

async function thumbnailUrl(source: string): Promise<string | undefined> {
  if (source.startsWith("data:")) return source;
  const refusal = { code: "FILE_UNREADABLE", subject: source } as const;
  const bytes = await readRegularFile(source, "pictureFile", refusal).catch(() => undefined);
  const type = imageTypes[path.extname(source).toLowerCase()] ?? "application/octet-stream";
  return bytes && `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;
}
