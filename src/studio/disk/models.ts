import { createHash } from "node:crypto";
import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { tinySdFolder } from "../../assets/index.ts";
import { type Environment, folderIn } from "../../files/index.ts";
import { cachedModels } from "../../hub/index.ts";
import type { Root } from "./folders.ts";

/** A model that was found on this machine, before it is looked into. */
export interface FoundModel {
  readonly id: string;
  /** "v1-5-pruned.safetensors", "stable-diffusion-v1-5/stable-diffusion-v1-5" */
  readonly name: string;
  /** Whose folder it lies in: "ComfyUI", "hub", "coinage", or the id of a root. */
  readonly program: string;
  readonly path: string;
  /** Changes when the model does. */
  readonly version: string;
}

/** Folders of models, by the folder that a program is installed in, of any letter case. */
const programs: readonly { readonly program: string; readonly folder: RegExp; readonly models: string }[] = [
  { program: "A1111", folder: /^(stable-diffusion-webui|sd-webui|automatic1111)$/i, models: "models/Stable-diffusion" },
  {
    program: "Forge",
    folder: /^(stable-diffusion-webui-(re)?forge|sd-webui-forge(-\w+)?|forge)$/i,
    models: "models/Stable-diffusion",
  },
  { program: "ComfyUI", folder: /^comfyui$/i, models: "models/checkpoints" },
  { program: "ComfyUI", folder: /^comfyui_windows_portable$/i, models: "ComfyUI/models/checkpoints" },
  { program: "InvokeAI", folder: /^invoke-?ai$/i, models: "models" },
];

/** How deep models lie in the folder of a program or below a root, and how many entries and models are looked at. */
const [mostDepth, mostEntries, mostModels] = [4, 20_000, 500];

/** Models in the known folders of other programs, in the hub's cache and below the roots given by --root, besides the small one that comes with the program.
 *  Programs are looked for in the home, in its folders, and in those of the roots. Nothing is opened. */
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
  for (const { program, folder } of await programFolders(roots, environment))
    for (const target of await modelsBelow(folder, mostDepth, budget)) await add(program, target);
  for (const { name, folder } of await cachedModels(environment)) await add("hub", folder, name);
  for (const { id, path: folder } of roots.filter((root) => root.id !== "home"))
    for (const target of await modelsBelow(folder, mostDepth, budget)) await add(id, target);
  await add("coinage", path.resolve(tinySdFolder), "tiny-sd");
  return [...found.values()];
}

async function programFolders(roots: readonly Root[], environment: Environment) {
  const places = new Set<string>();
  for (const { path: root } of roots) {
    places.add(root);
    for (const name of await foldersIn(root)) places.add(path.join(root, name));
  }
  const folders: { program: string; folder: string }[] = [];
  for (const place of places)
    for (const name of [path.basename(place), ...(await foldersIn(place))])
      for (const { program, folder, models } of programs)
        if (folder.test(name)) {
          const installed = name === path.basename(place) ? place : path.join(place, name);
          folders.push({ program, folder: path.join(installed, models) });
        }
  const invoke = folderIn(environment, "INVOKEAI_ROOT");
  if (invoke) folders.push({ program: "InvokeAI", folder: path.join(invoke, "models") });
  return folders;
}

/** Names of a folder's folders; none of one that cannot be read. Hidden ones, and those of packages, hold no models. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !/^(\.|node_modules$)/.test(entry.name))
    .map((entry) => entry.name)
    .slice(0, 300);
}

/** Files that may be models, and Diffusers folders. Links to files are followed, those to folders are not: they may lead in a circle. */
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
