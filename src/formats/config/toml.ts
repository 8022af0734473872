import { parse, TomlError } from "smol-toml";
import { type ConfigDocument, type ConfigPath, ConfigSyntaxError, type ConfigTable } from "./value.ts";

/** Parses TOML. @throws ConfigSyntaxError */
export function parseConfigToml(text: string): ConfigDocument<ConfigTable> {
  try {
    const value = parse(text.replace(/^\uFEFF/, ""), { integersAsBigInt: true }) as ConfigTable;
    return { value, lineOf: linesOf(text) };
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw new ConfigSyntaxError(reason, cause.line, cause.column, cause);
  }
}

/** The lines of tables and keys, found by their form: headers, and `key =` at the start of a line.
 *  Keys inside an inline table are not found; the table is. */
function linesOf(text: string): ConfigDocument["lineOf"] {
  /** Lines by the path of a table ("/datasets/1"): of the table and of its keys. */
  const tables = new Map<string, { line: number | undefined; keys: Map<string, number> }>();
  const counts = new Map<string, number>();
  const top = { line: undefined, keys: new Map<string, number>() };
  let table: typeof top | { line: number; keys: Map<string, number> } = top;
  tables.set("", top);
  text.split("\n").forEach((content, index) => {
    const line = index + 1;
    const header = /^\s*(\[\[?)([^\]]+)\]/.exec(content);
    const key = /^\s*("[^"]*"|'[^']*'|[\w-]+)\s*[=.]/.exec(content)?.[1];
    if (header) {
      table = { line, keys: new Map() };
      tables.set(pathOfTable(header[2]!, header[1] === "[[", counts), table);
    } else if (key) {
      const name = unquoted(key);
      if (!table.keys.has(name)) table.keys.set(name, line);
    }
  });
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const [around, whole] = [pathText(path.slice(0, length - 1)), pathText(path.slice(0, length))];
      const found = tables.get(around)?.keys.get(String(path[length - 1])) ?? tables.get(whole)?.line;
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** "datasets.subsets" in the second [[datasets]] -> "/datasets/1/subsets/0"; a list header adds one to its count. */
function pathOfTable(name: string, isList: boolean, counts: Map<string, number>): string {
  const keys = name.split(".").map((key) => unquoted(key.trim()));
  let path = "";
  keys.forEach((key, depth) => {
    path += `/${key}`;
    if (isList && depth === keys.length - 1) counts.set(path, (counts.get(path) ?? -1) + 1);
    const index = counts.get(path);
    if (index !== undefined) path += `/${index}`;
  });
  return path;
}

function pathText(path: ConfigPath): string {
  return path.map((part) => `/${part}`).join("");
}

function unquoted(key: string): string {
  return key.replace(/^["']|["']$/g, "");
}
