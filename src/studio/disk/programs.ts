import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Program } from "../../embedding/index.ts";
import { type Environment, folderIn } from "../../files/index.ts";
import type { Root } from "./folders.ts";

/** Folders of a program: how its own folder is named, in any letter case, and where in it models and embeddings are. */
interface KnownProgram {
  readonly program: Program;
  readonly folder: RegExp;
  readonly models: string;
  /** Folders of embeddings: the first that exists is used, else the last. */
  readonly embeddings: readonly string[];
}

const stableDiffusion = "models/Stable-diffusion";
// autoimport: InvokeAI before 4 reads it at each start; later versions scan a folder that the user names
const invokeEmbeddings = ["autoimport/embedding", "embeddings"];

const programs: readonly KnownProgram[] = [
  {
    program: "A1111",
    folder: /^(stable-diffusion-webui|sd-webui|automatic1111)$/i,
    models: stableDiffusion,
    embeddings: ["embeddings"],
  },
  { program: "A1111", folder: /^sd\.webui$/i, models: `webui/${stableDiffusion}`, embeddings: ["webui/embeddings"] },
  {
    program: "Forge",
    folder: /^(stable-diffusion-webui-(re)?forge|sd-webui-forge(-\w+)?|forge)$/i,
    models: stableDiffusion,
    embeddings: ["embeddings"],
  },
  {
    program: "Forge",
    folder: /^webui_forge_\w+$/i,
    models: `webui/${stableDiffusion}`,
    embeddings: ["webui/embeddings"],
  },
  { program: "ComfyUI", folder: /^comfyui$/i, models: "models/checkpoints", embeddings: ["models/embeddings"] },
  {
    program: "ComfyUI",
    folder: /^comfyui_windows_portable$/i,
    models: "ComfyUI/models/checkpoints",
    embeddings: ["ComfyUI/models/embeddings"],
  },
  { program: "InvokeAI", folder: /^invoke-?ai$/i, models: "models", embeddings: invokeEmbeddings },
];

/** A program that may be installed on this machine. */
interface Installed {
  readonly program: Program;
  /** The folder of its models; it may be missing. */
  readonly models: string;
  /** Folders where it may look for embeddings. */
  readonly embeddings: readonly string[];
}

/** Programs in the user's home, in its folders, and in those of the roots, recognized by folder name alone. */
export async function installedPrograms(
  roots: readonly Root[],
  environment: Environment = process.env,
): Promise<readonly Installed[]> {
  const places = new Set<string>();
  for (const { path: root } of roots) {
    places.add(root);
    for (const name of await foldersIn(root)) places.add(path.join(root, name));
  }
  const found: Installed[] = [];
  const add = (folder: string, { program, models, embeddings }: Omit<KnownProgram, "folder">) => {
    const within = (inner: string) => path.join(folder, inner);
    found.push({ program, models: within(models), embeddings: embeddings.map(within) });
  };
  for (const place of places)
    for (const name of [path.basename(place), ...(await foldersIn(place))])
      for (const known of programs)
        if (known.folder.test(name)) add(name === path.basename(place) ? place : path.join(place, name), known);
  const invoke = folderIn(environment, "INVOKEAI_ROOT");
  if (invoke) add(invoke, { program: "InvokeAI", models: "models", embeddings: invokeEmbeddings });
  return found;
}

/** Embedding folders of installed programs: existing ones, and those that can be made beside the models. */
export async function embeddingFolders(
  roots: readonly Root[],
): Promise<readonly { readonly program: Program; readonly folder: string }[]> {
  const found = new Map<string, { program: Program; folder: string }>();
  for (const { program, models, embeddings } of await installedPrograms(roots)) {
    const [first] = (await Promise.all(embeddings.map(existing))).filter((folder) => folder !== undefined);
    const folder = first ?? ((await existing(models)) && embeddings.at(-1));
    if (folder !== undefined && !found.has(folder)) found.set(folder, { program, folder });
  }
  return [...found.values()];
}

async function existing(folder: string): Promise<string | undefined> {
  const isFolder = (await stat(folder).catch(() => undefined))?.isDirectory() ?? false;
  return isFolder ? folder : undefined;
}

/** Names of a folder's subfolders; none if it cannot be read. Hidden folders and package folders hold no models. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !/^(\.|node_modules$)/.test(entry.name))
    .map((entry) => entry.name)
    .slice(0, 300);
}
