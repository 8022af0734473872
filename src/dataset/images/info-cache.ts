import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import { readRegularTextFile, writeFileAtomically } from "../../files/index.ts";
import type { Size } from "../../pictures/index.ts";
import { joinPath } from "./paths.ts";

/** A picture as `metadata_cache.json` knows it. */
export interface PictureInfo {
  readonly path: string;
  readonly caption: string;
  readonly size: Size;
}

const infoCache = z.record(
  z.string(),
  z.object({ caption: z.string().nullable(), resolution: z.tuple([z.number(), z.number()]) }),
);

/** The file in which `cache_info` keeps captions and sizes of a folder's pictures. */
export function infoCacheOf(folder: string): string {
  return joinPath(folder, "metadata_cache.json");
}

/** The pictures of an info cache. @throws DATASET_CONFIG when the file is damaged */
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
      hint: "Delete it; it is made anew.",
      cause,
    });
  }
}

export async function writeInfoCache(file: string, pictures: readonly PictureInfo[]): Promise<void> {
  const content = Object.fromEntries(pictures.map(({ path, caption, size }) => [path, { caption, resolution: size }]));
  await writeFileAtomically(file, JSON.stringify(content, undefined, 2));
}
