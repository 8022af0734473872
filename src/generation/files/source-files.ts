import { readdir } from "node:fs/promises";
import path from "node:path";
import { CoinageError, firstFew } from "../../errors/index.ts";
import { hintOfMissing, kindOfPath } from "../../files/index.ts";
import {
  decodePicture,
  type NamedAs,
  namedAs,
  type Picture,
  readPictureHeader,
  readPictureSize,
  resizeLikePillow,
  type Size,
} from "../../pictures/index.ts";
import type { PlannedPicture, SourceFile } from "../prompts/plan.ts";
import type { Source } from "../request.ts";

const mostNamed = 3;

export interface PictureList {
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

/** The picture files that a path names: itself, or those right in the folder, sorted. flag: who named it, for messages.
 *  differs from sd-scripts: endings count in any letter case, and so do all that our decoder reads; there .jfif or .avif are left out.
 *  @throws FILE_NOT_FOUND */
export async function listPictures(target: string, flag: string): Promise<PictureList> {
  const where = `${flag} ${target}`;
  const kind = await kindOfPath(target);
  if (kind === "nothing")
    throw new CoinageError("FILE_NOT_FOUND", `${path.resolve(target)} does not exist.`, {
      where,
      ...hintOfMissing(target),
    });
  const names = kind === "file" ? [] : (await readdir(target)).filter((name) => !name.startsWith(".")).sort();
  const named = (as: NamedAs) => names.filter((name) => namedAs(name) === as).map((name) => path.join(target, name));
  const files = kind === "file" ? [target] : named("picture");
  const leftOut = named("undecodable picture");
  if (files.length === 0)
    throw new CoinageError("FILE_NOT_FOUND", `${path.resolve(target)} holds no picture that can be read.`, {
      where,
      hint:
        leftOut.length > 0
          ? `Save ${firstFew(leftOut, mostNamed)} as PNG or JPEG.`
          : "Give a picture, or a folder of them.",
    });
  const turned = await turnedByExif(files);
  return {
    files,
    warnings: [
      ...(leftOut.length > 0
        ? [`${flag} leaves out ${firstFew(leftOut, mostNamed)}: they cannot be read. Save them as PNG or JPEG.`]
        : []),
      ...(turned.length > 0
        ? [
            `${flag}: turned or mirrored by EXIF, which gen_img.py ignores, so they are used as they are stored and not as viewers show them: ${firstFew(turned, mostNamed)}. Save them upright to draw from what you see.`,
          ]
        : []),
    ],
  };
}

async function turnedByExif(files: readonly string[]): Promise<string[]> {
  const turned: string[] = [];
  for (const file of files) {
    // A picture that cannot be read is told of where it is used.
    const header = await readPictureHeader(file).catch(() => undefined);
    if (header && header.orientation !== 1) turned.push(file);
  }
  return turned;
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
