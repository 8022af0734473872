import { CoinageError } from "../../src/errors/index.ts";
import type { Target } from "./targets/index.ts";

/** A reader's fault with an input. */
export interface Finding {
  readonly target: string;
  readonly what: string;
}

/** Limits of one execution on a busy machine. */
const mostCpuMs = 3000;
const mostBytes = 700 * 2 ** 20;

const pristine = new Map(
  [Object.prototype, Array.prototype, Map.prototype].map((prototype) => [
    prototype,
    Object.getOwnPropertyNames(prototype).join(),
  ]),
);

/** Runs a reader on an input. Correct is a plausible result or an error with a code, in bounded time and memory; anything else is a finding. */
export async function execute({ name, read }: Target, input: Uint8Array): Promise<Finding | undefined> {
  const finding = (what: string): Finding => ({ target: name, what });
  const before = process.memoryUsage.rss();
  const start = process.cpuUsage();
  let result: unknown;
  try {
    // A copy: a reader that keeps or changes its input must not affect the next one.
    result = await read(Uint8Array.from(input));
  } catch (error) {
    if (!(error instanceof CoinageError))
      return finding(
        `uncoded: ${error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}\n${placeOf(error)}` : String(error)}`,
      );
  }
  const { user, system } = process.cpuUsage(start);
  const { maxRSS } = process.resourceUsage();
  const grown = (maxRSS > peak ? maxRSS * 1024 : process.memoryUsage.rss()) - before;
  peak = maxRSS;
  if ((user + system) / 1000 > mostCpuMs)
    return finding(`slow: ${Math.round((user + system) / 1000)} ms for ${input.length} bytes`);
  if (grown > mostBytes) return finding(`memory: ${Math.round(grown / 2 ** 20)} MiB for ${input.length} bytes`);
  for (const [prototype, names] of pristine)
    if (Object.getOwnPropertyNames(prototype).join() !== names) return finding(`a prototype was changed`);
  const odd = oddPart(result);
  return odd === undefined ? undefined : finding(odd);
}

let peak = process.resourceUsage().maxRSS;

/** The first lines of a stack in the project's source. */
function placeOf(error: Error): string {
  const lines = (error.stack ?? "").split("\n").filter((line) => line.includes("/src/"));
  return lines
    .slice(0, 3)
    .map((line) => line.trim().replace(/\(?file:.*\/src\//, "(src/"))
    .join("\n");
}

function lengthOf(data: unknown): number | undefined {
  return ArrayBuffer.isView(data) && "length" in data ? Number(data.length) : undefined;
}

/** The first fault in the first thousand parts of a result: an impossible shape, one that does not match its data, or an object that is not plain. */
function oddPart(result: unknown): string | undefined {
  const waiting: unknown[] = [result];
  for (let count = 0; waiting.length > 0 && count < 1000; count++) {
    const value = waiting.pop();
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) continue;
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype !== null && !Object.hasOwn(prototype, "constructor"))
      return "an object of the result has a prototype from the input";
    if ("shape" in value && Array.isArray(value.shape)) {
      const { shape } = value as { shape: unknown[] };
      if (!shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0))
        return `the shape [${shape.slice(0, 8).join(", ")}]`;
      const numbers = shape.reduce<number>((product, size) => product * (size as number), 1);
      if ("data" in value && lengthOf(value.data) !== numbers)
        return `the shape [${shape.slice(0, 8).join(", ")}] of ${lengthOf(value.data)} numbers`;
    }
    const parts =
      value instanceof Map
        ? [...value.keys(), ...value.values()]
        : value instanceof Set
          ? [...value]
          : Object.values(value);
    waiting.push(...parts.slice(0, 100));
  }
  return undefined;
}
