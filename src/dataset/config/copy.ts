import path from "node:path";
import { stringify } from "smol-toml";
import { kindOfPath } from "../../files/index.ts";
import { type ConfigTable, type ConfigValue, isTable } from "../../formats/config/index.ts";
import { pathKeys, readConfigDocument } from "./config.ts";

/** Gives the value to write for a key that names a folder or file. */
type PathOf = (key: string, value: string) => string | Promise<string>;

/** A copy of a dataset config, as TOML, whose paths mean the same from every folder. pathOf: what to write for a whole path.
 *  @throws DATASET_CONFIG */
export async function copyOfDatasetConfig(file: string, pathOf: PathOf = (_, whole) => whole): Promise<string> {
  const { root } = await readConfigDocument(file);
  return datasetConfigText(root, async (key, given) => pathOf(key, await wholePath(given, path.dirname(file))));
}

/** A dataset config as TOML, with other paths. */
export async function datasetConfigText(config: ConfigTable, pathOf: PathOf): Promise<string> {
  return stringify((await withPaths(config, pathOf)) as ConfigTable, { numbersAsFloat: true });
}

/** Nothing stands for keys without a value, which TOML has not. */
async function withPaths(value: ConfigValue, pathOf: PathOf): Promise<ConfigValue> {
  if (Array.isArray(value))
    return Promise.all((value as readonly ConfigValue[]).map((entry) => withPaths(entry, pathOf)));
  if (!isTable(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(
    await Promise.all(
      entries.map(async ([key, inner]) => {
        const isPath = pathKeys.includes(key) && typeof inner === "string";
        return [key, isPath ? await pathOf(key, inner) : await withPaths(inner, pathOf)] as const;
      }),
    ),
  );
}

/** Relative paths start at the current folder, or if there is nothing at the folder of the config. */
async function wholePath(given: string, folder: string): Promise<string> {
  const beside = path.resolve(folder, given);
  const isBeside = (await kindOfPath(given)) === "nothing" && (await kindOfPath(beside)) !== "nothing";
  return isBeside ? beside : path.resolve(given);
}
