import { type ConfigDocument, type ConfigPath, ConfigSyntaxError, type ConfigValue } from "./value.ts";

/** A value and its line; the line of an object's member is that of its key. */
interface Node {
  readonly line: number;
  readonly value: ConfigValue;
  /** Items by index, members by key. */
  readonly inside: ReadonlyMap<string | number, Node>;
}

/** A list or object that has not ended yet. */
interface Open {
  readonly isList: boolean;
  readonly line: number;
  readonly inside: Map<string | number, Node>;
  key: { readonly text: string; readonly line: number } | undefined;
}

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,\n]|[^\s{}[\],:"]+/g;

/** Parses JSON. JSON.parse alone does not tell `1` from `1.0` and gives no line numbers. @throws ConfigSyntaxError */
export function parseConfigJson(text: string): ConfigDocument {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new ConfigSyntaxError((cause as Error).message, brokenLine(text), undefined, cause);
  }
  return readWellFormed(text);
}

function readWellFormed(text: string): ConfigDocument {
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
  return { value: root.value, lineOf: (path) => lineIn(root, path) };
}

function composed({ isList, inside }: Open): ConfigValue {
  const entries = [...inside].map(([key, { value }]) => [key, value] as const);
  return isList ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

function scalar(word: string): ConfigValue {
  return /^-?\d+$/.test(word) ? BigInt(word) : (JSON.parse(word) as string | number | boolean | null);
}

function lineIn(root: Node, path: ConfigPath): number | undefined {
  let found: Node | undefined;
  for (let [i, node]: [number, Node | undefined] = [0, root]; node; i++) {
    if (i > 0) found = node;
    node = i < path.length ? node.inside.get(path[i]!) : undefined;
  }
  return found?.line;
}

/** The first line up to which the text is invalid JSON whatever follows; JSON.parse does not report it. */
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

/** Whether the start of a JSON text is invalid, not just cut off. */
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
