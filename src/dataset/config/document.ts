import path from "node:path";
import { parse, TomlError } from "smol-toml";
import { CoinageError } from "../../errors/index.ts";
import { hintOfMissing, kindOfPath, readRegularTextFile } from "../../files/index.ts";
import { type Places, placesInJson } from "./json-places.ts";
import { placesInToml } from "./toml-places.ts";

/** A value of a dataset config. An integer is a bigint, so that `1` and `1.0` stay apart as in Python. */
export type ConfigValue = string | boolean | bigint | number | null | readonly ConfigValue[] | ConfigTable;

export interface ConfigTable {
  readonly [key: string]: ConfigValue;
}

/** Where a value stands: keys and list indices from the top. */
export type ConfigPath = readonly (string | number)[];

/** A dataset config as read, before any check. */
export interface ConfigDocument {
  readonly file: string;
  readonly root: ConfigTable;
  /** The line of a value or of the nearest table around it, counted from 1. */
  readonly lineOf: (place: ConfigPath) => number | undefined;
}

/** Reads a dataset config; the file name's ending says whether it is TOML or JSON.
 *  @throws DATASET_CONFIG when it is missing, of another kind or not well-formed. */
export async function readConfigDocument(file: string): Promise<ConfigDocument> {
  const where = `--dataset_config ${file}`;
  if ((await kindOfPath(file)) === "nothing")
    throw new CoinageError("DATASET_CONFIG", `The dataset config ${file} does not exist.`, {
      where,
      ...hintOfMissing(file),
    });
  const text = await readRegularTextFile(file, "settingsFile", {
    code: "DATASET_CONFIG",
    subject: `The dataset config ${file}`,
    where,
  });
  const ending = path.extname(file).toLowerCase();
  if (ending === ".toml") return documentOf(file, parseToml(file, text), placesInToml(text));
  if (ending === ".json") return documentOf(file, ...parseJson(file, text));
  throw new CoinageError("DATASET_CONFIG", `The dataset config ${file} is neither a .toml nor a .json file.`, {
    where: `--dataset_config ${file}`,
  });
}

function documentOf(file: string, root: ConfigValue, places: Places): ConfigDocument {
  if (!isTable(root))
    throw new CoinageError("DATASET_CONFIG", "A dataset config must be a table of keys.", { where: file });
  return { file, root, lineOf: (place) => nearestLine(places, place) };
}

export function isTable(value: ConfigValue | undefined): value is ConfigTable {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseToml(file: string, text: string): ConfigTable {
  try {
    return parse(text, { integersAsBigInt: true }) as ConfigTable;
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw malformed(file, cause.line, reason, cause, "Texts need quotes; a Windows path goes into single quotes.");
  }
}

function parseJson(file: string, text: string): [ConfigValue, Places] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed(file, brokenLine(text), (cause as Error).message, cause);
  }
  const places = placesInJson(text);
  return [withIntegers(value, places, ""), places];
}

/** The first line with which a JSON text cannot be continued any more. JavaScript does not tell. */
function brokenLine(text: string): number {
  const lines = text.split("\n");
  for (let count = 1; count < lines.length; count++) {
    const beginning = lines.slice(0, count).join("\n");
    try {
      JSON.parse(beginning);
    } catch (cause) {
      const { message } = cause as Error;
      const isCutOff = /end of JSON|Unterminated/.test(message);
      if (!isCutOff && Number(/position (\d+)/.exec(message)?.[1] ?? 0) < beginning.length) return count;
    }
  }
  return lines.length;
}

/** JavaScript reads `1` and `1.0` alike; the text tells them apart. */
function withIntegers(value: unknown, places: Places, place: string): ConfigValue {
  if (typeof value === "number") return /^-?\d+$/.test(places.get(place)?.text ?? "") ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item, i) => withIntegers(item, places, `${place}/${i}`));
  if (typeof value !== "object" || value === null) return value as ConfigValue;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withIntegers(item, places, `${place}/${key}`)]),
  );
}

function nearestLine(places: Places, place: ConfigPath): number | undefined {
  for (let length = place.length; length > 0; length--) {
    const found = places.get(
      place
        .slice(0, length)
        .map((part) => `/${part}`)
        .join(""),
    );
    if (found) return found.line;
  }
  return undefined;
}

function malformed(file: string, line: number, reason: string, cause: unknown, hint?: string): CoinageError {
  return new CoinageError("DATASET_CONFIG", `The dataset config is not well-formed: ${reason}`, {
    where: `${file}, line ${line}`,
    ...(hint && { hint }),
    cause,
  });
}
