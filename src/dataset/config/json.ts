import type { ConfigPath, ConfigValue, LineOf } from "./config-value.ts";

/** A value that has been read, with the line it stands in; a member of an object stands where its key stands. */
interface Node {
  readonly line: number;
  readonly value: ConfigValue;
  /** What lies in it: items by index, members by key. */
  readonly inside: ReadonlyMap<string | number, Node>;
}

/** A list or object that has been begun. */
interface Open {
  readonly isList: boolean;
  readonly line: number;
  readonly inside: Map<string | number, Node>;
  key: { readonly text: string; readonly line: number } | undefined;
}

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,\n]|[^\s{}[\],:"]+/g;

/** The value of a JSON text that is known to be well-formed, and where its parts stand. JSON.parse reads `1` and `1.0` alike, and tells no lines. */
export function readJson(text: string): { readonly value: ConfigValue; readonly lineOf: LineOf } {
  const levels: Open[] = [{ isList: true, line: 1, inside: new Map(), key: undefined }];
  let line = 1;
  const add = (value: ConfigValue, begun: number, inside: Node["inside"] = new Map()) => {
    const level = levels.at(-1)!;
    level.inside.set(level.isList ? level.inside.size : level.key!.text, {
      line: level.key?.line ?? begun,
      value,
      inside,
    });
    level.key = undefined;
  };
  for (const [word] of text.matchAll(token)) {
    const level = levels.at(-1)!;
    if (word === "\n") line++;
    else if (word === "{" || word === "[")
      levels.push({ isList: word === "[", line, inside: new Map(), key: undefined });
    else if (word === "}" || word === "]") {
      levels.pop();
      add(composed(level), level.line, level.inside);
    } else if (word !== ":" && word !== ",") {
      if (level.isList || level.key) add(scalar(word), line);
      else level.key = { text: JSON.parse(word) as string, line };
    }
  }
  const root = levels[0]!.inside.get(0)!;
  return { value: root.value, lineOf: (place) => lineIn(root, place) };
}

function composed({ isList, inside }: Open): ConfigValue {
  const entries = [...inside].map(([key, { value }]) => [key, value] as const);
  return isList ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

function scalar(word: string): ConfigValue {
  return /^-?\d+$/.test(word) ? BigInt(word) : (JSON.parse(word) as string | number | boolean | null);
}

function lineIn(root: Node, place: ConfigPath): number | undefined {
  let found: Node | undefined;
  for (let [i, node]: [number, Node | undefined] = [0, root]; node; i++) {
    if (i > 0) found = node;
    node = i < place.length ? node.inside.get(place[i]!) : undefined;
  }
  return found?.line;
}
