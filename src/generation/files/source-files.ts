import { readdir } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { kindOfPath } from "../../files/index.ts";
import { decodePicture, readPictureSize, resizeLikePillow, type Size } from "../../pictures/index.ts";
import type { SourceFile } from "../prompts/plan.ts";
import type { Source } from "../request.ts";

/** The picture files that a path names: itself, or those right in the folder, sorted. flag: who named it, for errors.
 *  @throws FILE_NOT_FOUND */
export async function listPictures(target: string, flag: string): Promise<string[]> {
  const where = `${flag} ${target}`;
  const kind = await kindOfPath(target);
  if (kind === "nothing")
    throw new CoinageError("FILE_NOT_FOUND", `${path.resolve(target)} does not exist.`, { where });
  if (kind === "file") return [target];
  const names = (await readdir(target)).filter((name) => /\.(png|jpe?g|webp)$/i.test(name)).sort();
  if (names.length === 0)
    throw new CoinageError("FILE_NOT_FOUND", `${path.resolve(target)} holds no PNG, JPEG or WebP picture.`, { where });
  return names.map((name) => path.join(target, name));
}

/** The size all pictures started from are brought to; undefined: each keeps its own. They are, when both sides are given. */
export function commonSize(
  width: number | undefined,
  height: number | undefined,
  highresScale: number | undefined,
): Size | undefined {
  if (width === undefined || height === undefined) return undefined;
  const scaled = (side: number) => Math.floor(side * (highresScale ?? 1) + 0.5);
  return [scaled(width), scaled(height)];
}

/** @throws PICTURE_UNREADABLE */
export async function sourceFile(file: string, size: Size | undefined): Promise<SourceFile> {
  return { path: file, size: size ?? (await readPictureSize(file)) };
}

/** Reads a picture to start from, and its mask. size: what both are brought to. @throws PICTURE_UNREADABLE */
export async function loadSource(
  file: SourceFile,
  mask: SourceFile | undefined,
  size: Size | undefined,
): Promise<Source> {
  const read = async ({ path: name }: SourceFile) => {
    const picture = await decodePicture(name);
    return size ? resizeLikePillow(picture, size, "lanczos") : picture;
  };
  return { picture: await read(file), mask: mask && (await read(mask)) };
}
