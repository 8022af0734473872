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
import type { InitImage } from "../../pipeline/index.ts";
import type { ImageFile, PlannedImage } from "../prompts/plan.ts";

const mostNamed = 3;

interface ImageList {
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

/** The image files of a path: itself, or those directly in the folder, sorted. flag: the path's flag, for messages.
 *  differs from sd-scripts: init images and masks in a folder are found by the endings .png, .jpg, .jpeg and .webp in small letters.
 *  coinage: they are found by every ending that the decoder reads, .jfif and .avif among them, in any letter case.
 *  because: an image that is left out without a word is missed too late.
 *  @throws FILE_NOT_FOUND */
export async function listImages(target: string, flag: string): Promise<ImageList> {
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
    throw new CoinageError("FILE_NOT_FOUND", `${path.resolve(target)} contains no image that can be read.`, {
      where,
      hint:
        leftOut.length > 0
          ? `Save ${firstFew(leftOut, mostNamed)} as PNG or JPEG.`
          : "Give an image, or a folder of images.",
    });
  const rotated = await rotatedByExif(files);
  return {
    files,
    warnings: [
      ...(leftOut.length > 0
        ? [`${flag} leaves out ${firstFew(leftOut, mostNamed)}: they cannot be read. Save them as PNG or JPEG.`]
        : []),
      ...(rotated.length > 0
        ? [
            `${flag}: rotated or mirrored by EXIF, which gen_img.py ignores, so they are used as they are stored and not as viewers show them: ${firstFew(rotated, mostNamed)}. Save them upright to start from what you see.`,
          ]
        : []),
    ],
  };
}

async function rotatedByExif(files: readonly string[]): Promise<string[]> {
  const rotated: string[] = [];
  for (const file of files) {
    // unreadable files are reported where they are used
    const header = await readPictureHeader(file).catch(() => undefined);
    if (header && header.orientation !== 1) rotated.push(file);
  }
  return rotated;
}

/** The common size of all init images, if both sides are given; undefined: each keeps its own. */
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
export async function imageFile(file: string, size: Size | undefined): Promise<ImageFile> {
  return { path: file, size: size ?? (await readPictureSize(file)) };
}

/** Reads init images with their masks, and keeps the last batch's, so that images from one file share it. */
export class ImageReader {
  readonly #size: Size | undefined;
  #last: ReadonlyMap<string, Promise<Picture>> = new Map();

  /** size: common size of init images and masks. */
  constructor(size: Size | undefined) {
    this.#size = size;
  }

  /** The init images of a batch. @throws PICTURE_UNREADABLE */
  async read(images: readonly Pick<PlannedImage, "initImage" | "mask">[]): Promise<(InitImage | undefined)[]> {
    const before = this.#last;
    const now = new Map<string, Promise<Picture>>();
    this.#last = now;
    const read = ({ path: file }: ImageFile) => {
      const picture = now.get(file) ?? before.get(file) ?? this.#decode(file);
      now.set(file, picture);
      // not kept after an error: the file may be readable next time
      picture.catch(() => now.delete(file));
      return picture;
    };
    return Promise.all(
      images.map(async ({ initImage, mask }) => {
        if (!initImage) return undefined;
        const [picture, maskPicture] = await Promise.all([read(initImage), mask && read(mask)]);
        return { picture, mask: maskPicture };
      }),
    );
  }

  async #decode(file: string): Promise<Picture> {
    const picture = await decodePicture(file);
    return this.#size ? resizeLikePillow(picture, this.#size, "lanczos") : picture;
  }
}
