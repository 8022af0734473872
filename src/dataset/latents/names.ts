import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Size } from "../../pictures/index.ts";
import { joinPath, withoutExtension } from "../images/paths.ts";

/** SDXL has a VAE of its own, so its latents are kept apart. */
export type LatentFamily = "sd" | "sdxl";

/** The latent cache of a picture: `<stem>_<W>x<H>_sd.npz` with the size of the picture itself, each side of at least four digits. */
export function latentFileOf(picture: string, [width, height]: Size, family: LatentFamily): string {
  return `${withoutExtension(picture)}_${padded(width)}x${padded(height)}_${family}.npz`;
}

/** Where old versions of sd-scripts and its metadata tools put a latent cache. */
export function legacyLatentFileOf(picture: string): string {
  return `${withoutExtension(picture)}.npz`;
}

/** A latent cache found by its name. */
export interface NamedLatents {
  readonly file: string;
  /** Size of the picture it was made from. */
  readonly size: Size;
}

/** The latent caches of a folder by the path of their picture without ending, sorted. A folder that cannot be read has none.
 *  differs from sd-scripts: the whole stem must agree; there `a.png` takes the size of `a_b_0512x0768_sd.npz`. */
export async function latentFilesIn(folder: string, family: LatentFamily): Promise<Map<string, NamedLatents[]>> {
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

/** The size that the names of a picture's latent caches tell; nothing when they tell several, as when a picture was exchanged. */
export function namedSize(latents: readonly NamedLatents[] = []): Size | undefined {
  return latents.length === 1 ? latents[0]!.size : undefined;
}

/** Latent caches of many folders, each folder read once. */
export class LatentFolders {
  readonly #family: LatentFamily;
  readonly #folders = new Map<string, Promise<Map<string, NamedLatents[]>>>();

  constructor(family: LatentFamily) {
    this.#family = family;
  }

  /** Those of a picture by its path without ending. */
  async of(picture: string): Promise<readonly NamedLatents[]> {
    const folder = path.dirname(picture);
    const found = this.#folders.get(folder) ?? latentFilesIn(folder, this.#family);
    this.#folders.set(folder, found);
    return (await found).get(joinPath(folder, path.basename(picture))) ?? [];
  }
}

function padded(side: number): string {
  return String(side).padStart(4, "0");
}
