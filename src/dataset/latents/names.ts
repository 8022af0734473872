import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Size } from "../../pictures/index.ts";
import type { LatentFamily } from "../config/plan.ts";
import { joinPath, withoutExtension } from "../images/paths.ts";
import type { TrainingImage } from "../images/training-image.ts";
import { latentSettings } from "./origin.ts";

/** The latent cache of every image: `<stem>_<W>x<H>_sd.npz` with the size of the image itself, each side with at least four digits.
 *  A file with mirrored latents also serves images that are not mirrored; if both are trained, each has its own, or the second would replace the first.
 *  The first image to claim a name gets it; others get their whole file name in place of the stem, and a number if needed.
 *  differs from sd-scripts: images that differ only in their extension, and an image trained on in several ways, share one latent cache.
 *  coinage: each of them has a latent cache of its own.
 *  because: a shared cache holds the latents of whichever was encoded last. */
export function latentFilesOf(images: readonly TrainingImage[], family: LatentFamily): Map<TrainingImage, string> {
  const owners = new Map<string, string>();
  return new Map(
    images.map((image) => {
      const { path: picture, size, subset } = image;
      const owner = `${path.resolve(picture)}\n${latentSettings(image)}\n${subset.flipAug}`;
      for (let n = 0; ; n++) {
        const base = [withoutExtension(picture), picture][n] ?? `${picture}.${n}`;
        const file = `${base}_${size.map(padded).join("x")}_${family}.npz`;
        const key = path.resolve(file);
        if ((owners.get(key) ?? owner) !== owner) continue;
        owners.set(key, owner);
        return [image, file] as const;
      }
    }),
  );
}

function padded(side: number): string {
  return String(side).padStart(4, "0");
}

/** The latent cache of old versions of sd-scripts and of its metadata tools. */
export function legacyLatentFileOf(picture: string): string {
  return `${withoutExtension(picture)}.npz`;
}

/** A latent cache found by its name. */
export interface NamedLatents {
  readonly file: string;
  /** Size of the image it was made from. */
  readonly size: Size;
}

/** The latent caches of a folder by the path of their image without extension, sorted; none if the folder cannot be read. */
async function latentFilesIn(folder: string, family: LatentFamily): Promise<Map<string, NamedLatents[]>> {
  const names = await readdir(folder).catch(() => []);
  const pattern = new RegExp(`^(.*)_(\\d+)x(\\d+)_${family}\\.npz$`);
  const found = new Map<string, NamedLatents[]>();
  for (const name of names.sort()) {
    const [, stem, width, height] = pattern.exec(name) ?? [];
    if (stem === undefined) continue;
    const picture = joinPath(folder, stem);
    const latents = { file: joinPath(folder, name), size: [Number(width), Number(height)] } as const;
    found.set(picture, [...(found.get(picture) ?? []), latents]);
  }
  return found;
}

/** Latent caches of many folders, each folder read once: they replace images that no longer exist.
 *  differs from sd-scripts: the size of an image with a latent cache is read from the name of the cache.
 *  coinage: the size of an image that exists is read from the image.
 *  because: the image may have been replaced since. */
export class LatentFolders {
  readonly #family: LatentFamily;
  readonly #folders = new Map<string, Promise<Map<string, NamedLatents[]>>>();

  constructor(family: LatentFamily) {
    this.#family = family;
  }

  /** The latent caches of an image. picture: its path without extension. */
  async of(picture: string): Promise<readonly NamedLatents[]> {
    const folder = path.dirname(picture);
    const found = this.#folders.get(folder) ?? latentFilesIn(folder, this.#family);
    this.#folders.set(folder, found);
    return (await found).get(joinPath(folder, path.basename(picture))) ?? [];
  }
}
