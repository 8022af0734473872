/** Whether parsed data is an object, not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Facts about a JSON text, found without parsing it. */
export interface JsonOutline {
  /** Nesting depth of its lists and objects. */
  readonly depth: number;
  /** The first name that appears twice in the outermost object or in one directly within it: readers disagree on which of the two counts, and JSON.parse hides it. */
  readonly repeatedName: string | undefined;
}

const marks = /["{}[\]]/g;

/** Scans a text once, also if it is not JSON. @throws SyntaxError for a malformed name */
export function outlineOf(json: string): JsonOutline {
  const names = [new Set<string>(), new Set<string>()];
  let repeatedName: string | undefined;
  let [depth, deepest] = [0, 0];
  marks.lastIndex = 0;
  for (let mark = marks.exec(json); mark; mark = marks.exec(json)) {
    if (mark[0] === "{" || mark[0] === "[") {
      deepest = Math.max(deepest, ++depth);
      if (depth === 2) names[1]!.clear();
    } else if (mark[0] !== '"') depth--;
    else {
      const end = endOfText(json, mark.index);
      marks.lastIndex = end;
      const known = names[depth - 1];
      if (!known || !isColonNext(json, end)) continue;
      const name = JSON.parse(json.slice(mark.index, end)) as string;
      if (known.has(name)) repeatedName ??= name;
      known.add(name);
    }
  }
  return { depth: deepest, repeatedName };
}

/** The position after the quote that closes the string starting at a quote. */
function endOfText(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote >= 0; quote = json.indexOf('"', quote + 1)) {
    let escapes = 0;
    while (json[quote - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return quote + 1;
  }
  return json.length;
}

function isColonNext(json: string, from: number): boolean {
  let at = from;
  while (json[at] === " " || json[at] === "\n" || json[at] === "\r" || json[at] === "\t") at++;
  return json[at] === ":";
}
