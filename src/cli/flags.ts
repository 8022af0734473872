import { type ParseArgsConfig, parseArgs } from "node:util";
import { CoinageError, nearestName } from "../errors/index.ts";

type Flags = NonNullable<ParseArgsConfig["options"]>;

/** Values of flags, and the other words. */
type Words<Options extends Flags> = ReturnType<
  typeof parseArgs<{ readonly options: Options; readonly allowPositionals: true }>
>;

/** Parses the words of a command with few flags: flags anywhere, everything else is a file. @throws USAGE */
export function readFlags<const Options extends Flags>(
  usage: string,
  words: readonly string[],
  options: Options,
): Words<Options> {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (cause) {
    throw usageError(usage, cause instanceof Error ? cause.message : String(cause), words, Object.keys(options), cause);
  }
}

function usageError(
  usage: string,
  message: string,
  words: readonly string[],
  known: readonly string[],
  cause: unknown,
): CoinageError {
  const stray = words.find((word) => word.startsWith("--") && !known.includes(word.slice(2).split("=")[0]!));
  const near = stray && nearestName(stray.slice(2).split("=")[0]!, known);
  const text = stray ? `Unknown option ${stray}.` : message;
  return new CoinageError("USAGE", text, {
    hint: near ? `Did you mean --${near}?` : `Usage: coinage ${usage}`,
    cause,
  });
}
