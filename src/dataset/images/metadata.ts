import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import { hintOfMissing, kindOfPath, readRegularTextFile, writeFileAtomically } from "../../files/index.ts";
import { isRecord } from "../../formats/json/index.ts";
import type { Size } from "../../pictures/index.ts";
import { strip } from "../captions/caption.ts";
import type { CaptionSettings } from "../config/plan.ts";
import { joinPath } from "./paths.ts";

/** An image of a metadata file. */
export interface MetadataEntry {
  readonly key: string;
  readonly caption: string;
  readonly tags: string | undefined;
  readonly size: Size | undefined;
}

const details = z.object({
  caption: z.string().nullish(),
  tags: z.string().nullish(),
  image_size: z.tuple([z.number(), z.number()]).nullish(),
});
const table = z.custom<Readonly<Record<string, unknown>>>(isRecord, "Invalid input: expected an object by key");
const lineDetails = details.extend({ image_path: z.string() });

/** The images of a metadata file: .jsonl with one object per line, else one JSON object by key. Ignores other members.
 *  @throws DATASET_CONFIG */
export async function readMetadata(file: string): Promise<MetadataEntry[]> {
  if ((await kindOfPath(file)) === "nothing")
    throw new CoinageError("DATASET_CONFIG", `The metadata file ${file} does not exist.`, {
      where: file,
      ...hintOfMissing(file),
    });
  const text = await readRegularTextFile(file, "metadataFile", {
    code: "DATASET_CONFIG",
    subject: `The metadata file ${file}`,
    where: file,
  });
  return file.endsWith(".jsonl") ? readLines(file, text) : readObject(file, text);
}

function readLines(file: string, text: string): MetadataEntry[] {
  const entries = new Map<string, MetadataEntry>();
  text.split("\n").forEach((line, i) => {
    if (strip(line) === "") return;
    const where = `${file}, line ${i + 1}`;
    const { image_path: key, ...rest } = checked(lineDetails, parseJson(line, where), where);
    entries.set(key, entryOf(key, rest));
  });
  return [...entries.values()];
}

function readObject(file: string, text: string): MetadataEntry[] {
  // entry by entry: zod's record drops a key __proto__
  return Object.entries(checked(table, parseJson(text, file), file)).map(([key, value]) =>
    entryOf(key, checked(details, value, file, [key])),
  );
}

function entryOf(key: string, { caption, tags, image_size: size }: z.infer<typeof details>): MetadataEntry {
  return { key, caption: caption ?? "", tags: tags ?? undefined, size: size ?? undefined };
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw unusable((cause as Error).message, where, cause);
  }
}

/** place: the path to the data within the file. */
function checked<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  where: string,
  place: readonly string[] = [],
): z.infer<Schema> {
  const { data: result, error } = schema.safeParse(data);
  if (!error) return result as z.infer<Schema>;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  const whole = [...place, ...path].join(".");
  throw unusable(whole === "" ? message : `${whole}: ${message}`, where, error);
}

function unusable(reason: string, where: string, cause: unknown): CoinageError {
  return new CoinageError("DATASET_CONFIG", `The metadata cannot be used: ${reason}`, {
    where,
    hint: `Metadata looks like this: {"a.png": {"caption": "...", "tags": "..."}}, or in a .jsonl file one {"image_path": "a.png", "caption": "..."} a line.`,
    cause,
  });
}

/** Caption and tags of an entry as one caption. With --enable_wildcard, tags are added to every line. */
export function captionOf(
  { caption, tags }: MetadataEntry,
  { captionSeparator, enableWildcard }: CaptionSettings,
): string {
  if (tags === undefined || (tags === "" && !enableWildcard)) return caption;
  const added = enableWildcard ? tags.replaceAll("\n", () => captionSeparator) : tags;
  // differs from sd-scripts: with --enable_wildcard the tags of a metadata entry without a caption are lost.
  // coinage: the tags of a metadata entry without a caption are its caption.
  // because: that is so without --enable_wildcard, too.
  if (strip(caption) === "" && (enableWildcard || caption === "")) return added;
  if (!enableWildcard) return caption + captionSeparator + added;
  const lines = caption.split("\n").filter((line) => strip(line) !== "");
  return lines.map((line) => line + captionSeparator + added).join("\n");
}

/** An image in `metadata_cache.json`. */
interface PictureInfo {
  readonly path: string;
  readonly caption: string;
  readonly size: Size;
}

const infoCache = z.record(
  z.string(),
  z.object({ caption: z.string().nullable(), resolution: z.tuple([z.number(), z.number()]) }),
);

/** The file of `cache_info`, with captions and sizes of a folder's images. */
export function infoCacheOf(folder: string): string {
  return joinPath(folder, "metadata_cache.json");
}

/** The images of an info cache. @throws DATASET_CONFIG if the file is damaged */
export async function readInfoCache(file: string): Promise<PictureInfo[]> {
  try {
    const refusal = { code: "DATASET_CONFIG", subject: `The cache ${file}` } as const;
    const content = infoCache.parse(JSON.parse(await readRegularTextFile(file, "metadataFile", refusal)));
    return Object.entries(content).map(([path, { caption, resolution }]) => ({
      path,
      caption: caption ?? "",
      size: resolution,
    }));
  } catch (cause) {
    throw new CoinageError("DATASET_CONFIG", `The cache ${file} cannot be read.`, {
      where: file,
      hint: "Delete it; it is rebuilt.",
      cause,
    });
  }
}

export async function writeInfoCache(file: string, pictures: readonly PictureInfo[]): Promise<void> {
  const content = Object.fromEntries(pictures.map(({ path, caption, size }) => [path, { caption, resolution: size }]));
  await writeFileAtomically(file, JSON.stringify(content, undefined, 2));
}
