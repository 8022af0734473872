import path from "node:path";
import { stringify } from "smol-toml";
import { kindOfPath } from "../../files/index.ts";
import { type ConfigTable, type ConfigValue, isTable } from "../../formats/config/index.ts";
import { pathKeys, readConfigDocument } from "./config.ts";

/** The value to write for a key with a path. */
type PathOf = (key: string, value: string) => string | Promise<string>;

/** A copy of a dataset config, as TOML with absolute paths. pathOf: replaces an absolute path.
 *  @throws DATASET_CONFIG */
export async function copyOfDatasetConfig(file: string, pathOf: PathOf = (_, whole) => whole): Promise<string> {
  const { root } = await readConfigDocument(file);
  return datasetConfigText(root, async (key, given) => pathOf(key, await wholePath(given, path.dirname(file))));
}

/** A dataset config as TOML, with its paths replaced. */
export async function datasetConfigText(config: ConfigTable, pathOf: PathOf): Promise<string> {
  return stringify((await withPaths(config, pathOf)) as ConfigTable, { numbersAsFloat: true });
}

/** Replaces the paths, and drops keys without a value, which TOML lacks. */
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

/** The absolute path: relative to the current folder, or to the config's folder if the file is only there. */
async function wholePath(given: string, folder: string): Promise<string> {
  const beside = path.resolve(folder, given);
  const isBeside = (await kindOfPath(given)) === "nothing" && (await kindOfPath(beside)) !== "nothing";
  return isBeside ? beside : path.resolve(given);
}
