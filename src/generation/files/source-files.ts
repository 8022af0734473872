import { readdir } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { hintOfMissing, kindOfPath } from "../../files/index.ts";
import { decodePicture, type Picture, readPictureSize, resizeLikePillow, type Size } from "../../pictures/index.ts";
import type { PlannedPicture, SourceFile } from "../prompts/plan.ts";
import type { Source } from "../request.ts";

/** The picture files that a path names: itself, or those right in the folder, sorted. flag: who named it, for errors.
 *  @throws FILE_NOT_FOUND */
export async function listPictures(target: string, flag: string): Promise<string[]> {
  const where = `${flag} ${target}`;
  const kind = await kindOfPath(target);
  if (kind === "nothing")
    throw new CoinageError("FILE_NOT_FOUND", `${path.resolve(target)} does not exist.`, {
      where,
      ...hintOfMissing(target),
    });
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

/** Reads pictures to start from, each with its mask, and keeps those read last, so that pictures of one source share it. */
export class SourceReader {
  readonly #size: Size | undefined;
  #last: ReadonlyMap<string, Promise<Picture>> = new Map();

  /** size: what all pictures and masks are brought to. */
  constructor(size: Size | undefined) {
    this.#size = size;
  }

  /** The sources of a batch's pictures. @throws PICTURE_UNREADABLE */
  async read(pictures: readonly Pick<PlannedPicture, "source" | "mask">[]): Promise<(Source | undefined)[]> {
    const before = this.#last;
    const now = new Map<string, Promise<Picture>>();
    this.#last = now;
    const read = ({ path: file }: SourceFile) => {
      const picture = now.get(file) ?? before.get(file) ?? this.#decode(file);
      now.set(file, picture);
      // one that cannot be read may be another one next time
      picture.catch(() => now.delete(file));
      return picture;
    };
    return Promise.all(
      pictures.map(async ({ source, mask }) => {
        if (!source) return undefined;
        const [picture, maskPicture] = await Promise.all([read(source), mask && read(mask)]);
        return { picture, mask: maskPicture };
      }),
    );
  }

  async #decode(file: string): Promise<Picture> {
    const picture = await decodePicture(file);
    return this.#size ? resizeLikePillow(picture, this.#size, "lanczos") : picture;
  }
}
