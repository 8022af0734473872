import { createHash } from "node:crypto";
import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { tinySdFolder } from "../../assets/index.ts";
import type { Environment } from "../../files/index.ts";
import { cachedModels } from "../../hub/index.ts";
import type { Root } from "./folders.ts";
import { installedPrograms } from "./programs.ts";

/** A model found on this machine, not yet inspected. */
export interface FoundModel {
  readonly id: string;
  /** "v1-5-pruned.safetensors", "stable-diffusion-v1-5/stable-diffusion-v1-5" */
  readonly name: string;
  /** The owner of its folder: "ComfyUI", "hub", "coinage", or the id of a root. */
  readonly program: string;
  readonly path: string;
  /** Changes when the model does. */
  readonly version: string;
}

/** Limits of the search below the folder of a program or a root: depth, entries read, models found. */
const [mostDepth, mostEntries, mostModels] = [4, 20_000, 500];

/** Models in the known folders of other programs, in the hub's cache and below the roots given by --root, and the small one that comes with coinage.
 *  No file is opened. */
export async function findModels(
  roots: readonly Root[],
  environment: Environment = process.env,
): Promise<readonly FoundModel[]> {
  const found = new Map<string, FoundModel>();
  const add = async (program: string, target: string, name = path.basename(target)): Promise<void> => {
    const facts = await stat(target).catch(() => undefined);
    const real = await realpath(target).catch(() => undefined);
    if (!facts || real === undefined || found.size >= mostModels || found.has(real)) return;
    const id = createHash("sha256").update(real).digest("hex").slice(0, 16);
    found.set(real, { id, name, program, path: target, version: `${facts.size} ${facts.mtimeMs}` });
  };
  const budget = { entries: mostEntries };
  for (const { program, models } of await installedPrograms(roots, environment))
    for (const target of await modelsBelow(models, mostDepth, budget)) await add(program, target);
  for (const { name, folder } of await cachedModels(environment)) await add("hub", folder, name);
  for (const { id, path: folder } of roots.filter((root) => root.id !== "home"))
    for (const target of await modelsBelow(folder, mostDepth, budget)) await add(id, target);
  await add("coinage", path.resolve(tinySdFolder), "tiny-sd");
  return [...found.values()];
}

/** Files that may be models, and Diffusers folders. Links to files are followed; links to folders are not, since they may form cycles. */
async function modelsBelow(folder: string, depth: number, budget: { entries: number }): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (entries.some((entry) => entry.name === "model_index.json")) return [folder];
  const found: string[] = [];
  for (const entry of entries) {
    if (budget.entries-- <= 0) break;
    const target = path.join(folder, entry.name);
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    if (entry.isDirectory() && depth > 1) found.push(...(await modelsBelow(target, depth - 1, budget)));
    else if (!entry.isDirectory() && /\.(safetensors|ckpt)$/i.test(entry.name)) found.push(target);
  }
  return found;
}
