import type { Places } from "./json-places.ts";

/** Where tables and keys of a dataset config stand, found by the look of the lines: headers, and `key =` at the start of a line.
 *  What stands inside an inline table is not found; its surroundings are. */
export function placesInToml(text: string): Places {
  const places = new Map<string, { line: number }>();
  const counts = new Map<string, number>();
  let table = "";
  text.split("\n").forEach((content, index) => {
    const line = index + 1;
    const header = /^\s*(\[\[?)\s*([^\]]+?)\s*\]/.exec(content);
    const key = /^\s*("[^"]*"|'[^']*'|[\w-]+)\s*[=.]/.exec(content)?.[1];
    if (header) {
      table = placeOfTable(header[2]!, header[1] === "[[", counts);
      places.set(table, { line });
    } else if (key) {
      const place = `${table}/${key.replace(/^["']|["']$/g, "")}`;
      if (!places.has(place)) places.set(place, { line });
    }
  });
  return places;
}

/** "datasets.subsets" in the second [[datasets]] -> "/datasets/1/subsets/0"; a list header counts one further. */
function placeOfTable(name: string, isList: boolean, counts: Map<string, number>): string {
  const keys = name.split(".").map((key) => key.trim().replace(/^["']|["']$/g, ""));
  let place = "";
  keys.forEach((key, depth) => {
    place += `/${key}`;
    if (isList && depth === keys.length - 1) counts.set(place, (counts.get(place) ?? -1) + 1);
    const index = counts.get(place);
    if (index !== undefined) place += `/${index}`;
  });
  return place;
}
