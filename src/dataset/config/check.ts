import { CoinageError, nearestName } from "../../errors/index.ts";
import {
  type ConfigDocument,
  type ConfigPath,
  type ConfigTable,
  type ConfigValue,
  isTable,
} from "../../formats/config/index.ts";
import { type DatasetKind, keysIn, requiredKeys, type ValueType } from "./keys.ts";

/** A dataset config as read, before any check. */
export interface ReadConfig {
  readonly file: string;
  readonly root: ConfigTable;
  readonly lineOf: ConfigDocument["lineOf"];
}

/** One mistake in a dataset config. */
interface ConfigIssue {
  readonly path: ConfigPath;
  readonly reason:
    | "unknown key"
    | "missing key"
    | "wrong type"
    | "too large"
    | "mixed kinds"
    | "no subsets"
    | "no datasets";
  readonly message: string;
  readonly hint?: string;
}

/** A checked dataset config: every value has its key's type. */
export interface CheckedConfig {
  readonly general: ConfigTable;
  readonly datasets: readonly CheckedDataset[];
  /** A place for messages: "train.toml, line 3: datasets[0]". */
  readonly placeOf: (path: ConfigPath) => string;
}

export interface CheckedDataset {
  readonly kind: DatasetKind;
  readonly table: ConfigTable;
  readonly subsets: readonly ConfigTable[];
}

/** All mistakes in a dataset config. */
export function findIssues(root: ConfigTable, isMaskedLoss: boolean): ConfigIssue[] {
  const issues: ConfigIssue[] = checkKeys(root, [], { general: "table", datasets: "list" });
  if (isTable(root.general)) issues.push(...checkTable(root.general, ["general"], keysIn("general", "dreambooth")));
  if (root.datasets === undefined || (Array.isArray(root.datasets) && root.datasets.length === 0))
    issues.push({
      path: ["datasets"],
      reason: "no datasets",
      message: "There is no [[datasets]] table, so there is nothing to train on.",
    });
  if (Array.isArray(root.datasets))
    root.datasets.forEach((dataset: ConfigValue, i) => {
      issues.push(...checkDataset(dataset, ["datasets", i], isMaskedLoss));
    });
  return issues;
}

/** The checked content of a dataset config.
 *  @throws DATASET_CONFIG naming file, line and key of every mistake */
export function checkConfig(document: ReadConfig, isMaskedLoss: boolean): CheckedConfig {
  const issues = findIssues(document.root, isMaskedLoss);
  if (issues.length > 0) throw configError(document, issues);
  const datasets = document.root.datasets as readonly ConfigTable[];
  return {
    placeOf: (path) => placeIn(document, path),
    general: (document.root.general ?? {}) as ConfigTable,
    datasets: datasets.map((table) => {
      const subsets = table.subsets as readonly ConfigTable[];
      return { kind: kindOf(subsets, isMaskedLoss)!, table, subsets };
    }),
  };
}

/** The error that shows all mistakes with their lines. */
function configError(document: ReadConfig, issues: readonly ConfigIssue[]): CoinageError {
  const places = issues.map(({ path }) => placeIn(document, path));
  const [first] = issues;
  if (issues.length === 1)
    return new CoinageError("DATASET_CONFIG", first!.message, {
      where: places[0]!,
      ...(first!.hint && { hint: first!.hint }),
    });
  const lines = issues.map(({ message, hint }, i) => `${places[i]}: ${message}${hint ? ` ${hint}` : ""}`);
  return new CoinageError("DATASET_CONFIG", `The dataset config has ${issues.length} mistakes.`, {
    where: lines.join("\n  "),
  });
}

function placeIn(document: ReadConfig, path: ConfigPath): string {
  const line = document.lineOf(path);
  return `${document.file}${line ? `, line ${line}` : ""}: ${formatPath(path)}`;
}

/** "datasets[0].subsets[1].image_dir" */
export function formatPath(path: ConfigPath): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
}

/** The kind of a dataset by its subsets; undefined if they are of different kinds. */
function kindOf(subsets: readonly ConfigTable[], isMaskedLoss: boolean): DatasetKind | undefined {
  if (isMaskedLoss && subsets.every((subset) => "conditioning_data_dir" in subset)) return "mask-image";
  if (subsets.every((subset) => "metadata_file" in subset)) return "fine-tuning";
  return subsets.some((subset) => "metadata_file" in subset) ? undefined : "dreambooth";
}

function checkDataset(dataset: ConfigValue, path: ConfigPath, isMaskedLoss: boolean): ConfigIssue[] {
  if (!isTable(dataset)) return [wrongType(path, "a table (dict)")];
  const { subsets } = dataset;
  if (subsets !== undefined && !(Array.isArray(subsets) && subsets.every(isTable)))
    return [wrongType([...path, "subsets"], "a list of tables")];
  const tables = (subsets ?? []) as readonly ConfigTable[];
  // differs from sd-scripts: a dataset without subsets silently becomes an empty mask-image dataset.
  // coinage: a dataset without subsets is an error.
  // because: nothing would be trained.
  if (tables.length === 0)
    return [
      {
        path,
        reason: "no subsets",
        message: `Dataset ${path.at(-1)} has no subsets.`,
        hint: "Add a [[datasets.subsets]] table with image_dir.",
      },
    ];
  const kind = kindOf(tables, isMaskedLoss);
  if (!kind) return [mixedKinds(path)];
  return [
    ...checkTable(dataset, path, keysIn("dataset", kind), ["subsets"]),
    ...tables.flatMap((table, i) => {
      const place = [...path, "subsets", i];
      const missing = requiredKeys(kind).filter((key) => !(key in table));
      return [
        ...checkTable(table, place, keysIn("subset", kind)),
        ...missing.map((key) => missingKey([...place, key])),
      ];
    }),
  ];
}

function checkTable(
  table: ConfigTable,
  path: ConfigPath,
  keys: Readonly<Record<string, ValueType>>,
  otherKeys: readonly string[] = [],
): ConfigIssue[] {
  return Object.entries(table).flatMap(([key, value]) => {
    if (otherKeys.includes(key)) return [];
    const type = Object.hasOwn(keys, key) ? keys[key] : undefined;
    const place = [...path, key];
    if (!type) return [unknownKey(place, Object.keys(keys))];
    if (!typeRules[type].fits(value)) return [wrongType(place, typeRules[type].expected)];
    return isTooLarge(value) ? [tooLarge(place)] : [];
  });
}

function checkKeys(
  root: ConfigTable,
  path: ConfigPath,
  keys: Readonly<Record<string, "table" | "list">>,
): ConfigIssue[] {
  return Object.entries(root).flatMap(([key, value]) => {
    const place = [...path, key];
    const type = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (!type) return [unknownKey(place, Object.keys(keys))];
    if (type === "table") return isTable(value) ? [] : [wrongType(place, "a table (dict)")];
    return Array.isArray(value) ? [] : [wrongType(place, "a list of tables, [[datasets]]")];
  });
}

function unknownKey(path: ConfigPath, known: readonly string[]): ConfigIssue {
  const key = String(path.at(-1));
  const hint = elsewhere(key) ?? nearHint(key, known);
  return { path, reason: "unknown key", message: `There is no key "${key}" here.`, ...(hint && { hint }) };
}

function nearHint(key: string, known: readonly string[]): string | undefined {
  const near = nearestName(key, known);
  return near && `Did you mean ${near}?`;
}

/** Hint for a known key in the wrong table. */
function elsewhere(key: string): string | undefined {
  if (/^caption_(dropout|tag_dropout)/.test(key))
    return "Textual Inversion takes caption dropout from a settings file (--config_file) only.";
  if (key === "conditioning_data_dir")
    return "Masks need --masked_loss, and then every subset of the dataset must have them.";
  const isIn = (table: "dataset" | "subset", kind: DatasetKind) => Object.hasOwn(keysIn(table, kind), key);
  if (isIn("subset", "dreambooth") && !isIn("subset", "fine-tuning"))
    return "It belongs to folders of images (image_dir without metadata_file).";
  if (isIn("dataset", "dreambooth") && !isIn("subset", "dreambooth")) return "It belongs in [[datasets]] or [general].";
  return isIn("subset", "dreambooth") || isIn("subset", "fine-tuning")
    ? "It belongs in [[datasets.subsets]]."
    : undefined;
}

function missingKey(path: ConfigPath): ConfigIssue {
  return { path, reason: "missing key", message: `The key "${path.at(-1)}" is missing.` };
}

function wrongType(path: ConfigPath, expected: string): ConfigIssue {
  return { path, reason: "wrong type", message: `"${path.at(-1)}" must be ${expected}.` };
}

/** Whether an integer, or one in a list, is beyond the safe range of numbers. */
function isTooLarge(value: ConfigValue): boolean {
  if (Array.isArray(value)) return value.some(isTooLarge);
  return typeof value === "bigint" && BigInt.asIntN(53, value) !== value;
}

function tooLarge(path: ConfigPath): ConfigIssue {
  return { path, reason: "too large", message: `"${path.at(-1)}" is too large a number.` };
}

function mixedKinds(path: ConfigPath): ConfigIssue {
  return {
    path,
    reason: "mixed kinds",
    message: `Dataset ${path.at(-1)} mixes image folders (image_dir) with metadata files (metadata_file).`,
    hint: "Put them into separate [[datasets]] tables.",
  };
}

interface TypeRule {
  readonly expected: string;
  readonly fits: (value: ConfigValue) => boolean;
}

const isInteger = (value: ConfigValue) => typeof value === "bigint" || typeof value === "boolean";
// differs from sd-scripts: a dataset config must write `1.0` where a floating-point number is expected.
// coinage: an integer is accepted where a floating-point number is expected.
// because: the meaning is clear.
const isFloat = (value: ConfigValue) => typeof value === "number" || typeof value === "bigint";
const isPairOf = (fits: (value: ConfigValue) => boolean) => (value: ConfigValue) =>
  Array.isArray(value) && value.length === 2 && value.every(fits);

const typeRules: Readonly<Record<ValueType, TypeRule>> = {
  bool: { expected: "true or false (bool)", fits: (value) => typeof value === "boolean" },
  int: { expected: "an integer (int)", fits: isInteger },
  float: { expected: "a number (float)", fits: isFloat },
  number: { expected: "a number (float or int)", fits: (value) => isFloat(value) || isInteger(value) },
  string: { expected: "text in quotes (str)", fits: (value) => typeof value === "string" },
  size: {
    expected: "an integer (int) or [width, height]",
    fits: (value) => isInteger(value) || isPairOf(isInteger)(value),
  },
  range: { expected: "two numbers, [low, high] (list of float)", fits: isPairOf(isFloat) },
  table: {
    expected: "a table (dict)",
    fits: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  },
};
