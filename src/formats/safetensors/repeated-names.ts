/** The first name that stands twice in a JSON object, or undefined: readers disagree on which of the two counts, and JSON.parse hides it.
 *  json: text that is known to be an object. */
export function repeatedName(json: string): string | undefined {
  const seen = new Set<string>();
  for (const name of outerNames(json)) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

/** The keys of the outermost object: the texts at depth 1 that a colon follows. */
function* outerNames(json: string): Generator<string> {
  let depth = 0;
  for (const token of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    const text = token[0];
    if (text === "{" || text === "[") depth++;
    else if (text === "}" || text === "]") depth--;
    else if (depth === 1 && token[1] !== undefined) yield JSON.parse(text.slice(0, -token[1].length)) as string;
  }
}
