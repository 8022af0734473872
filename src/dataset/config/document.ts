import path from "node:path";
import { parse, TomlError } from "smol-toml";
import { requireShallow } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { hintOfMissing, isHandedOver, kindOfPath, readGivenTextFile } from "../../files/index.ts";
import { type ConfigTable, type ConfigValue, isTable, type LineOf } from "./config-value.ts";
import { readJson } from "./json.ts";
import { linesInToml } from "./toml-places.ts";

/** A dataset config as read, before any check. */
export interface ConfigDocument {
  readonly file: string;
  readonly root: ConfigTable;
  readonly lineOf: LineOf;
}

interface ReadText {
  readonly value: ConfigValue;
  readonly lineOf: LineOf;
}

/** Reads a dataset config; the file name's ending says whether it is TOML or JSON.
 *  @throws DATASET_CONFIG when it is missing, of another kind, not well-formed or nested without end. */
export async function readConfigDocument(file: string): Promise<ConfigDocument> {
  const [where, subject] = [`--dataset_config ${file}`, `The dataset config ${file}`];
  if ((await kindOfPath(file)) === "nothing")
    throw new CoinageError("DATASET_CONFIG", `${subject} does not exist.`, { where, ...hintOfMissing(file) });
  const text = await readGivenTextFile(file, "settingsFile", { code: "DATASET_CONFIG", subject, where });
  const ending = isHandedOver(file) ? endingFor(text) : path.extname(file).toLowerCase();
  const reader = { ".toml": readToml, ".json": readJsonText }[ending];
  if (!reader) throw new CoinageError("DATASET_CONFIG", `${subject} is neither a .toml nor a .json file.`, { where });
  const { value, lineOf } = reader(file, text);
  if (!isTable(value))
    throw new CoinageError("DATASET_CONFIG", "A dataset config must be a table of keys.", { where: file });
  return { file, root: value, lineOf };
}

/** No TOML begins with a brace, and every config in JSON does. */
function endingFor(text: string): string {
  return text.trimStart().startsWith("{") ? ".json" : ".toml";
}

function readToml(file: string, text: string): ReadText {
  try {
    const value = parse(text, { integersAsBigInt: true }) as ConfigTable;
    requireUsualDepth(file, value);
    return { value, lineOf: linesInToml(text) };
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw malformed(file, cause.line, reason, cause, "Texts need quotes; a Windows path goes into single quotes.");
  }
}

function readJsonText(file: string, text: string): ReadText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed(file, brokenLine(text), (cause as Error).message, cause);
  }
  requireUsualDepth(file, value);
  return readJson(text);
}

function requireUsualDepth(file: string, value: unknown): void {
  requireShallow(value, { code: "DATASET_CONFIG", subject: `The dataset config ${file}`, where: file });
}

/** The first line with which a JSON text cannot be continued any more. JavaScript does not tell. */
function brokenLine(text: string): number {
  const lines = text.split("\n");
  let [whole, broken] = [0, lines.length];
  while (broken - whole > 1) {
    const middle = (whole + broken) >> 1;
    if (isBroken(lines.slice(0, middle).join("\n"))) broken = middle;
    else whole = middle;
  }
  return broken;
}

/** Whether the beginning of a JSON text is wrong, and not just cut off. */
function isBroken(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return false;
  } catch (cause) {
    const { message } = cause as Error;
    const isCutOff = /end of JSON|Unterminated/.test(message);
    return !isCutOff && Number(/position (\d+)/.exec(message)?.[1] ?? 0) < beginning.length;
  }
}

function malformed(file: string, line: number, reason: string, cause: unknown, hint?: string): CoinageError {
  return new CoinageError("DATASET_CONFIG", `The dataset config is not well-formed: ${reason}`, {
    where: `${file}, line ${line}`,
    ...(hint && { hint }),
    cause,
  });
}
