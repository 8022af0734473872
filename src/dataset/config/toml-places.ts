import type { LineOf } from "./config-value.ts";

/** Where tables and keys of a dataset config stand, found by the look of the lines: headers, and `key =` at the start of a line.
 *  What stands inside an inline table is not found; its surroundings are. */
export function linesInToml(text: string): LineOf {
  /** By the place of a table ("/datasets/1"): its own line and those of its keys. */
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
      tables.set(placeOfTable(header[2]!, header[1] === "[[", counts), table);
    } else if (key) {
      const name = unquoted(key);
      if (!table.keys.has(name)) table.keys.set(name, line);
    }
  });
  return (place) => {
    for (let length = place.length; length > 0; length--) {
      const [around, whole] = [placeText(place.slice(0, length - 1)), placeText(place.slice(0, length))];
      const found = tables.get(around)?.keys.get(String(place[length - 1])) ?? tables.get(whole)?.line;
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** "datasets.subsets" in the second [[datasets]] -> "/datasets/1/subsets/0"; a list header counts one further. */
function placeOfTable(name: string, isList: boolean, counts: Map<string, number>): string {
  const keys = name.split(".").map((key) => unquoted(key.trim()));
  let place = "";
  keys.forEach((key, depth) => {
    place += `/${key}`;
    if (isList && depth === keys.length - 1) counts.set(place, (counts.get(place) ?? -1) + 1);
    const index = counts.get(place);
    if (index !== undefined) place += `/${index}`;
  });
  return place;
}

function placeText(place: readonly (string | number)[]): string {
  return place.map((part) => `/${part}`).join("");
}

function unquoted(key: string): string {
  return key.replace(/^["']|["']$/g, "");
}
