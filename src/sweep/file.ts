import path from "node:path";
import { CoinageError, nearestName } from "../errors/index.ts";
import { kindOfPath, readGivenTextFile } from "../files/index.ts";
import { type ConfigPath, type ConfigTable, type ConfigValue, isTable, plainValue } from "../formats/config/index.ts";
import {
  type FileValues,
  flagsOfTable,
  flagValues,
  inputPaths,
  outputPaths,
  parseToml,
  readSettingsFile,
} from "../options/index.ts";

/** One value of an axis: the flags it sets. */
export interface AxisPoint {
  /** For tables and folder names: "0.005", "mycat". */
  readonly label: string;
  readonly values: FileValues;
}

/** What varies from run to run. */
export interface Axis {
  readonly name: string;
  readonly points: readonly AxisPoint[];
}

/** A sweep file: settings that all runs share, and axes; each combination of their points is a run. */
export interface Sweep {
  readonly name: string;
  /** Flags that all runs share. */
  readonly base: FileValues;
  /** Flags of the sweep itself: its folder and its queue. */
  readonly own: FileValues;
  readonly axes: readonly Axis[];
  /** About the file that `config_file` names. */
  readonly warnings: readonly string[];
}

const keys = ["config_file", "train", "axes"];

/** Flags of the sweep as a whole, not of single runs. */
const ofSweep = ["output_dir", "queue", "queue_ca", "queue_insecure", "cluster_numerics", "no_cluster_local"];

/** Flags refused in a sweep: it sets them for each run, or they train nothing. */
const refused = [
  "events",
  "resume",
  "run",
  "runs_dir",
  "config_file",
  "output_config",
  "debug_dataset",
  "debug_dataset_dir",
  "console_log_file",
];

/** Reads a sweep file. words: flags of `train` that override what the file sets for all runs.
 *  @throws FILE_NOT_FOUND, SETTINGS_FILE_INVALID, SWEEP_INVALID, USAGE */
export async function readSweep(file: string, words: readonly string[]): Promise<Sweep> {
  if ((await kindOfPath(file)) === "nothing")
    throw new CoinageError("FILE_NOT_FOUND", `The sweep file ${file} does not exist.`, {
      where: path.resolve(file),
    });
  const refusal = { code: "FILE_UNREADABLE", subject: `The sweep file ${file}`, where: file } as const;
  const { value, lineOf } = parseToml(await readGivenTextFile(file, "settingsFile", refusal), file);
  const placeOf = (...at: ConfigPath) => `${file}, line ${lineOf(at) ?? 1}`;
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    const near = nearestName(unknown, keys);
    throw invalid(`A sweep file has no key ${unknown}.`, placeOf(unknown), near ? `Did you mean ${near}?` : layout);
  }
  const { config_file: config, train = {}, axes } = value;
  if (config !== undefined && typeof config !== "string")
    throw invalid("config_file names a settings file.", placeOf("config_file"), layout);
  if (!isTable(train)) throw invalid("train is a table of flags.", placeOf("train"), layout);
  if (!isTable(axes)) throw invalid("axes is a table of what varies.", placeOf("axes"), layout);
  const { values: below, warnings } = config === undefined ? noConfig : await flagsOfConfig(config);
  const ofTable = flagsOfTable(train, (name) => placeOf("train", name));
  const all = await withWholePaths(new Map([...below, ...ofTable, ...flagValues(words)]));
  const found = await Promise.all(Object.entries(axes).map(([name, entry]) => axisOf(name, entry, placeOf)));
  for (const axis of found)
    for (const { values } of axis.points)
      for (const flag of values.keys()) refuseFlag(flag, [...ofSweep, ...refused], placeOf("axes", axis.name));
  for (const flag of all.keys()) refuseFlag(flag, refused, `--${flag}`);
  refuseTwice(found, placeOf);
  const part = (isOwn: boolean) => new Map([...all].filter(([flag]) => ofSweep.includes(flag) === isOwn));
  return { name: path.basename(file, path.extname(file)), base: part(false), own: part(true), axes: found, warnings };
}

const layout = "A sweep file has a table [train] with flags of coinage train, and a table [axes] with lists of values.";

type ConfigFlags = Pick<Sweep, "warnings"> & { readonly values: FileValues };

const noConfig: ConfigFlags = { values: new Map(), warnings: [] };

async function flagsOfConfig(file: string): Promise<ConfigFlags> {
  const { values, warnings, extraMetadata } = await readSettingsFile(file);
  const left = Object.keys(extraMetadata).map(
    (key) => `metadata_${key} of ${file} is ignored: a sweep has no such flag.`,
  );
  return { values: values as FileValues, warnings: [...warnings.map(({ message }) => message), ...left] };
}

/** An axis: a list of values of a flag, or of tables of flags that vary together. */
async function axisOf(name: string, entry: ConfigValue, placeOf: (...at: ConfigPath) => string): Promise<Axis> {
  const where = placeOf("axes", name);
  if (!Array.isArray(entry) || entry.length === 0)
    throw invalid(`The axis ${name} is a list of values, or of tables of flags.`, where, layout);
  const points = await Promise.all(
    (entry as readonly ConfigValue[]).map(async (point, i): Promise<AxisPoint> => {
      const { label, ...flags } = isTable(point) ? point : ({ [name]: point } as ConfigTable);
      const values = flagsOfTable(flags, () => placeOf("axes", name, i));
      return { label: labelOf(label, flags), values: await withWholePaths(values) };
    }),
  );
  const twice = points.find(({ label }, i) => points.findIndex((other) => other.label === label) < i);
  if (twice) throw invalid(`The axis ${name} has ${twice.label} twice.`, where, "Give tables a label of their own.");
  return { name, points };
}

/** The label of a point: the given one, else its token_string, else its values. */
function labelOf(label: ConfigValue | undefined, flags: ConfigTable): string {
  if (typeof label === "string" && label !== "") return label;
  const values = typeof flags.token_string === "string" ? [flags.token_string] : Object.values(flags);
  return values.map((value) => String(plainValue(value))).join(" ");
}

function refuseFlag(flag: string, flags: readonly string[], where: string): void {
  if (!flags.includes(flag)) return;
  throw invalid(
    `A sweep takes no ${flag}.`,
    where,
    "Each run of a sweep has a folder of its own, in the folder that --output_dir names.",
  );
}

/** Refuses a flag that two axes set: only one of its values would count. */
function refuseTwice(axes: readonly Axis[], placeOf: (...at: ConfigPath) => string): void {
  const owners = new Map<string, string>();
  for (const { name, points } of axes)
    for (const flag of new Set(points.flatMap(({ values }) => [...values.keys()]))) {
      const owner = owners.get(flag);
      if (owner !== undefined)
        throw invalid(`The axes ${owner} and ${name} both set ${flag}.`, placeOf("axes", name), "Leave it to one.");
      owners.set(flag, name);
    }
}

function invalid(message: string, where: string, hint: string): CoinageError {
  return new CoinageError("SWEEP_INVALID", message, { where, hint });
}

/** Makes paths absolute; names on the hub stay as they are. */
async function withWholePaths(values: FileValues): Promise<FileValues> {
  const entries = [...values].map(async ([flag, value]) => {
    const isInput = inputPaths.some((name) => name === flag);
    const isOutput = outputPaths.some((name) => name === flag);
    if (typeof value !== "string" || (!isInput && !isOutput)) return [flag, value] as const;
    return [flag, isOutput || (await kindOfPath(value)) !== "nothing" ? path.resolve(value) : value] as const;
  });
  return new Map(await Promise.all(entries));
}
