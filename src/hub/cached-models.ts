import { readdir } from "node:fs/promises";
import path from "node:path";
import { isFile } from "../checkpoint/index.ts";
import { hubSettings } from "./access.ts";

/** The Diffusers models in the shared cache, with the folder of each of their snapshots; none if there is no cache. Nothing is downloaded.
 *  Source: huggingface_hub, guides/manage-cache. */
export async function cachedModels(
  environment?: Readonly<Record<string, string | undefined>>,
): Promise<readonly { readonly name: string; readonly folder: string }[]> {
  const cache = await hubSettings(environment).then(
    ({ cacheFolder }) => cacheFolder,
    () => undefined,
  );
  if (cache === undefined) return [];
  const models: { name: string; folder: string }[] = [];
  for (const entry of (await namesIn(cache)).filter((name) => name.startsWith("models--"))) {
    const snapshots = path.join(cache, entry, "snapshots");
    for (const commit of await namesIn(snapshots)) {
      const folder = path.join(snapshots, commit);
      if (isFile(path.join(folder, "model_index.json")))
        models.push({ name: entry.slice("models--".length).replace("--", "/"), folder });
    }
  }
  return models;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
