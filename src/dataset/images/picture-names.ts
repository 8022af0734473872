import { readdir } from "node:fs/promises";
import path from "node:path";
import { kindOfPath } from "../../files/index.ts";
import { namedAs, pictureExtensions } from "../../pictures/index.ts";
import { withoutExtension } from "./paths.ts";

/** Pictures of many folders by their names without ending, each folder read once. */
export class PictureNames {
  readonly #folders = new Map<string, Promise<Map<string, string[]>>>();

  /** The picture at a path, whose ending may be missing.
   *  differs from sd-scripts: a key without ending is looked for with all endings, since that is what the metadata tools write. */
  async at(base: string): Promise<string | undefined> {
    if ((await kindOfPath(base)) === "file") return base;
    const folder = path.dirname(base);
    const found = this.#folders.get(folder) ?? picturesByStem(folder);
    this.#folders.set(folder, found);
    const name = (await found).get(path.basename(base))?.[0];
    return name === undefined ? undefined : base.slice(0, base.length - path.basename(base).length) + name;
  }
}

/** The files that a key without picture could mean: named like it, but of a kind that cannot be read. */
export async function undecodableAt(base: string): Promise<string[]> {
  const names = await readdir(path.dirname(base)).catch(() => []);
  const isMeant = (name: string) =>
    namedAs(name) === "undecodable picture" && [name, withoutExtension(name)].includes(path.basename(base));
  return names.filter(isMeant);
}

/** Names of the pictures in a folder by what stands before their ending, those with sd-scripts' endings first. */
async function picturesByStem(folder: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const names = (await readdir(folder).catch(() => [])).filter((name) => namedAs(name) === "picture");
  for (const name of names.sort((a, b) => rank(a) - rank(b))) {
    const stem = name.slice(0, name.lastIndexOf("."));
    found.set(stem, [...(found.get(stem) ?? []), name]);
  }
  return found;
}

/** By ending in the order in which they are looked for, of one ending lower case before upper and mixed case. */
function rank(name: string): number {
  const ending = name.slice(name.lastIndexOf("."));
  const lower = ending.toLowerCase();
  const byCase = ending === lower ? 0 : ending === ending.toUpperCase() ? 1 : 2;
  return pictureExtensions.indexOf(lower) * 3 + byCase;
}
