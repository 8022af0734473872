import path from "node:path";
import { requireShallow } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { hintOfMissing, isHandedOver, kindOfPath, readGivenTextFile } from "../../files/index.ts";
import {
  type ConfigDocument,
  ConfigSyntaxError,
  type ConfigTable,
  isTable,
  parseConfigJson,
  parseConfigToml,
} from "../../formats/config/index.ts";

/** A dataset config as read, before any check. */
export interface ReadConfig {
  readonly file: string;
  readonly root: ConfigTable;
  readonly lineOf: ConfigDocument["lineOf"];
}

/** Reads a dataset config; the file name's ending says whether it is TOML or JSON.
 *  @throws DATASET_CONFIG when it is missing, of another kind, not well-formed or nested without end. */
export async function readConfigDocument(file: string): Promise<ReadConfig> {
  const [where, subject] = [`--dataset_config ${file}`, `The dataset config ${file}`];
  if ((await kindOfPath(file)) === "nothing")
    throw new CoinageError("DATASET_CONFIG", `${subject} does not exist.`, { where, ...hintOfMissing(file) });
  const text = await readGivenTextFile(file, "settingsFile", { code: "DATASET_CONFIG", subject, where });
  const ending = isHandedOver(file) ? endingFor(text) : path.extname(file).toLowerCase();
  const parse = { ".toml": parseConfigToml, ".json": parseConfigJson }[ending];
  if (!parse) throw new CoinageError("DATASET_CONFIG", `${subject} is neither a .toml nor a .json file.`, { where });
  const { value, lineOf } = parsed(file, text, parse);
  requireShallow(value, { code: "DATASET_CONFIG", subject, where: file });
  if (!isTable(value))
    throw new CoinageError("DATASET_CONFIG", "A dataset config must be a table of keys.", { where: file });
  return { file, root: value, lineOf };
}

/** No TOML begins with a brace, and every config in JSON does. */
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
      ...(parse === parseConfigToml && { hint: "Texts need quotes; a Windows path goes into single quotes." }),
      cause,
    });
  }
}
