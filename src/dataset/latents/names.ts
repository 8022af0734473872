import { readdir } from "node:fs/promises";
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

/** The latent caches of a folder by the path of their picture without ending. A folder that cannot be read has none.
 *  differs from sd-scripts: the whole stem must agree; there `a.png` takes the size of `a_b_0512x0768_sd.npz`. */
export async function latentFilesIn(folder: string, family: LatentFamily): Promise<Map<string, NamedLatents>> {
  const names = await readdir(folder).catch(() => []);
  const pattern = new RegExp(`^(.*)_(\\d+)x(\\d+)_${family}\\.npz$`);
  const found = new Map<string, NamedLatents>();
  for (const name of names) {
    const [, stem, width, height] = pattern.exec(name) ?? [];
    if (stem !== undefined)
      found.set(joinPath(folder, stem), { file: joinPath(folder, name), size: [Number(width), Number(height)] });
  }
  return found;
}

function padded(side: number): string {
  return String(side).padStart(4, "0");
}
