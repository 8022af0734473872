import { limits } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";

/** A Python literal; tuples and lists are arrays. */
type PythonValue = number | boolean | string | null | readonly PythonValue[];

type PythonArguments = Readonly<Record<string, PythonValue>>;

/** Arguments from words like `betas=0.9,0.99`: exactly one `=` in each, the value a Python literal.
 *  flag: the words' flag. @throws OPTIMIZER_ARGS */
export function parsePythonArguments(words: readonly string[], flag = "--optimizer_args"): PythonArguments {
  return Object.fromEntries(
    words.map((word) => {
      const [name, text, ...more] = word.split("=");
      const value = text === undefined || more.length > 0 ? undefined : parseLiteral(text);
      if (value !== undefined) return [name!.trim(), value];
      const shown = word.length > 80 ? `${word.slice(0, 77)}...` : word;
      throw new CoinageError("OPTIMIZER_ARGS", `"${shown}" is not of the form name=value.`, {
        where: `${flag} ${shown}`,
        hint: "The value is a number, True, False, None, a quoted string or numbers with commas between.",
      });
    }),
  );
}

/** The value of a Python literal; a list with commas and no brackets is a tuple. Undefined if the text is none, or is nested too deeply. */
export function parseLiteral(text: string): PythonValue | undefined {
  const tokens = tokensOf(text);
  if (!tokens) return undefined;
  const reader = { tokens, at: 0, depth: 0 };
  const { items, commas } = readItems(reader, undefined) ?? { items: [], commas: 0 };
  return commas === 0 ? items[0] : items;
}

const tokenPattern =
  /\s*('[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"|[()[\],+-]|[A-Za-z]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*/y;

function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const match = tokenPattern.exec(text);
    if (!match) return undefined;
    tokens.push(match[1]!);
  }
  return tokens;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
  /** How many brackets and signs enclose the value. */
  depth: number;
}

interface Items {
  readonly items: readonly PythonValue[];
  readonly commas: number;
}

/** Comma-separated values up to the closing token, which is consumed (undefined: the end of the text). */
function readItems(reader: Reader, end: string | undefined): Items | undefined {
  const items: PythonValue[] = [];
  let commas = 0;
  while (reader.tokens[reader.at] !== end) {
    const item = items.length === commas ? readValue(reader) : undefined;
    if (item === undefined) return undefined;
    items.push(item);
    if (reader.tokens[reader.at] === ",") {
      reader.at++;
      commas++;
    }
  }
  reader.at++;
  return { items, commas };
}

const constants: Readonly<Record<string, PythonValue>> = { True: true, False: false, None: null };

function readValue(reader: Reader): PythonValue | undefined {
  if (reader.depth >= limits.nesting.max) return undefined;
  reader.depth++;
  const value = readToken(reader);
  reader.depth--;
  return value;
}

function readToken(reader: Reader): PythonValue | undefined {
  const token = reader.tokens[reader.at++] ?? "";
  if (token === "[") return readItems(reader, "]")?.items;
  if (token === "(") {
    const inner = readItems(reader, ")");
    return inner?.items.length === 1 && inner.commas === 0 ? inner.items[0] : inner?.items;
  }
  if (token === "-" || token === "+") {
    const operand = readValue(reader);
    if (typeof operand !== "number") return undefined;
    return token === "-" ? -operand : operand;
  }
  if (/^['"]/.test(token)) return token.slice(1, -1).replace(/\\(.)/g, "$1");
  if (/^[\d.]/.test(token)) return Number(token.replaceAll("_", ""));
  return Object.hasOwn(constants, token) ? constants[token] : undefined;
}
