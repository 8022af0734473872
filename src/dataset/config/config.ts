import path from "node:path";
import { requireShallow } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { hintOfMissing, isDescriptorPath, kindOfPath, readGivenTextFile } from "../../files/index.ts";
import {
  type ConfigDocument,
  ConfigSyntaxError,
  type ConfigTable,
  isTable,
  parseConfigJson,
  parseConfigToml,
} from "../../formats/config/index.ts";
import { namedAs } from "../../pictures/index.ts";
import { byCodePoint, describeMissing, joinPath } from "../images/paths.ts";
import { entriesIn, isOfSystem } from "../images/picture-folder.ts";
import type { DatasetWarnings } from "../warnings.ts";
import { type CheckedConfig, checkConfig, formatPath, type ReadConfig } from "./check.ts";
import type { DatasetSettings } from "./keys.ts";

/** The dataset config of a run: the file of --dataset_config, or a config made from other settings.
 *  @throws DATASET_CONFIG */
export async function readDatasetConfig(settings: DatasetSettings, warnings: DatasetWarnings): Promise<CheckedConfig> {
  const { datasetConfig, trainDataDir, imageDir, regDataDir, inJson, maskedLoss } = settings;
  if (datasetConfig === undefined) return configFromSettings(settings, warnings);
  const ignored = Object.entries({
    train_data_dir: trainDataDir,
    image_dir: imageDir,
    reg_data_dir: regDataDir,
    in_json: inJson,
  });
  const given = ignored.filter(([, value]) => value !== undefined).map(([name]) => `--${name}`);
  if (given.length > 0) warnings.add("settingsIgnored", ...given);
  return withFoundPaths(checkConfig(await readConfigDocument(datasetConfig), maskedLoss ?? false), datasetConfig);
}

/** Keys that name folders and files. */
export const pathKeys = ["image_dir", "metadata_file", "conditioning_data_dir"];

/** The config with its relative paths resolved.
 *  differs from sd-scripts: relative paths in a dataset config are relative to the current folder only.
 *  coinage: relative paths that do not exist from the current folder are relative to the folder of the dataset config.
 *  because: a config can be kept and moved together with its images. */
async function withFoundPaths(config: CheckedConfig, file: string): Promise<CheckedConfig> {
  const datasets = config.datasets.map(async (dataset) => ({
    ...dataset,
    subsets: await Promise.all(dataset.subsets.map((subset) => subsetWithFoundPaths(subset, path.dirname(file)))),
  }));
  return { ...config, datasets: await Promise.all(datasets) };
}

async function subsetWithFoundPaths(subset: ConfigTable, folder: string): Promise<ConfigTable> {
  const found: Record<string, string> = {};
  for (const key of pathKeys) {
    const given = Object.hasOwn(subset, key) ? subset[key] : undefined;
    if (typeof given !== "string" || path.isAbsolute(given) || (await kindOfPath(given)) !== "nothing") continue;
    const beside = path.join(folder, given);
    if ((await kindOfPath(beside)) !== "nothing") found[key] = beside;
  }
  return { ...subset, ...found };
}

/** A config made from a run's settings: subfolders named REPEATS_CLASS, a plain folder, or one metadata file. @throws FILE_UNREADABLE */
async function configFromSettings(settings: DatasetSettings, warnings: DatasetWarnings): Promise<CheckedConfig> {
  const { trainDataDir, regDataDir, inJson } = settings;
  if (inJson !== undefined) {
    // differs from sd-scripts: --in_json without --train_data_dir fails, because the config made from it does not pass the check of configs.
    // coinage: --in_json works without --train_data_dir.
    // because: keys of a metadata file can be absolute paths.
    const subset = { ...(trainDataDir !== undefined && { image_dir: trainDataDir }), metadata_file: inJson };
    return { placeOf: formatPath, general: {}, datasets: [{ kind: "fine-tuning", table: {}, subsets: [subset] }] };
  }
  const plain = await plainFolderOf(settings);
  const subsets = [
    ...(plain === undefined ? await subsetsIn(trainDataDir, false, warnings) : subsetAsItIs(plain, settings)),
    ...subsetAsItIs(settings.imageDir, settings),
    ...(await subsetsIn(regDataDir, true, warnings)),
  ];
  return { placeOf: formatPath, general: {}, datasets: [{ kind: "dreambooth", table: {}, subsets }] };
}

/** A plain folder of images: repeats come from --dataset_repeats, and the new word is the class. */
function subsetAsItIs(folder: string | undefined, { classTokens, tokenString }: DatasetSettings): ConfigTable[] {
  if (folder === undefined) return [];
  const word = classTokens ?? tokenString;
  return [{ image_dir: folder, ...(word !== undefined && { class_tokens: word }) }];
}

/** The folder of --train_data_dir, if a recipe uses it like --image_dir: it has images, and no folder REPEATS_CLASS. */
async function plainFolderOf({ recipe, trainDataDir }: DatasetSettings): Promise<string | undefined> {
  if (recipe === undefined || trainDataDir === undefined || (await kindOfPath(trainDataDir)) !== "folder")
    return undefined;
  const entries = await entriesIn(trainDataDir);
  const isSubset = ({ name }: { readonly name: string }) => !isOfSystem(name) && repeatsIn(name) !== undefined;
  const folders = entries.filter(isSubset).map(({ name }) => kindOfPath(joinPath(trainDataDir, name)));
  if ((await Promise.all(folders)).includes("folder")) return undefined;
  return entries.some(({ name }) => !isOfSystem(name) && namedAs(name) !== "other") ? trainDataDir : undefined;
}

async function subsetsIn(
  parent: string | undefined,
  isReg: boolean,
  warnings: DatasetWarnings,
): Promise<ConfigTable[]> {
  if (parent === undefined) return [];
  if ((await kindOfPath(parent)) !== "folder") {
    warnings.add("folderMissing", await describeMissing(parent));
    return [];
  }
  const subsets: ConfigTable[] = [];
  // differs from sd-scripts: the subfolders of --train_data_dir are used in the order of the file system.
  // coinage: the subfolders of --train_data_dir are sorted by name.
  // because: the order of the file system differs between machines, and with it the run.
  for (const name of (await entriesIn(parent)).map((entry) => entry.name).sort(byCodePoint)) {
    const folder = joinPath(parent, name);
    const kind = await kindOfPath(folder);
    if (kind === "folder") subsets.push(...subsetNamed(name, folder, isReg, warnings));
    else if (isOfSystem(name)) continue;
    else if (kind === "nothing") warnings.add("entryUnreachable", await describeMissing(folder));
    else if (namedAs(name) !== "other")
      warnings.add(isReg ? "regularisationBesideFolders" : "picturesBesideFolders", folder);
  }
  if (isReg && subsets.length === 0) warnings.add("regularisationNone", parent);
  return subsets;
}

function subsetNamed(name: string, folder: string, isReg: boolean, warnings: DatasetWarnings): ConfigTable[] {
  const num_repeats = repeatsIn(name);
  if (num_repeats === undefined) {
    if (!isOfSystem(name)) warnings.add("folderWithoutRepeats", folder);
    return [];
  }
  if (num_repeats < 1) {
    warnings.add("subsetWithoutRepeats", folder);
    return [];
  }
  const class_tokens = name.split("_").slice(1).join("_");
  return [{ image_dir: folder, num_repeats, is_reg: isReg, class_tokens }];
}

/** The repeats in a folder's name; undefined if it is not named REPEATS_CLASS. */
function repeatsIn(name: string): bigint | undefined {
  const [repeats = ""] = name.split("_", 1);
  // the syntax of Python's int(); without underscores, at which the name was split
  return /^\s*[+-]?\d+\s*$/.test(repeats) ? BigInt(repeats.trim()) : undefined;
}

/** Reads a dataset config, as TOML or JSON by the file's extension.
 *  @throws DATASET_CONFIG if it is missing, of another kind, malformed or nested too deeply */
export async function readConfigDocument(file: string): Promise<ReadConfig> {
  const [where, subject] = [`--dataset_config ${file}`, `The dataset config ${file}`];
  if ((await kindOfPath(file)) === "nothing")
    throw new CoinageError("DATASET_CONFIG", `${subject} does not exist.`, { where, ...hintOfMissing(file) });
  const text = await readGivenTextFile(file, "settingsFile", { code: "DATASET_CONFIG", subject, where });
  const ending = isDescriptorPath(file) ? endingFor(text) : path.extname(file).toLowerCase();
  const parse = { ".toml": parseConfigToml, ".json": parseConfigJson }[ending];
  if (!parse) throw new CoinageError("DATASET_CONFIG", `${subject} is neither a .toml nor a .json file.`, { where });
  const { value, lineOf } = parsed(file, text, parse);
  requireShallow(value, { code: "DATASET_CONFIG", subject, where: file });
  if (!isTable(value))
    throw new CoinageError("DATASET_CONFIG", "A dataset config must be a table of keys.", { where: file });
  return { file, root: value, lineOf };
}

/** The extension that fits a config's text: JSON configs begin with a brace, TOML never does. */
function endingFor(text: string): string {
  return text.trimStart().startsWith("{") ? ".json" : ".toml";
}

function parsed(file: string, text: string, parse: (text: string) => ConfigDocument): ConfigDocument {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof ConfigSyntaxError)) throw cause;
    throw new CoinageError("DATASET_CONFIG", `The dataset config is not well-formed: ${cause.message}`, {
      where: `${file}, line ${cause.line}`,
      ...(parse === parseConfigToml && { hint: "Strings need quotes; put a Windows path in single quotes." }),
      cause,
    });
  }
}
