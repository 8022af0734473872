import { openLogFile } from "./log-file.ts";
import type { Reporter } from "./reporter.ts";

/** Writes every event to a file as a line of JSON, at once, so that another program can follow.
 *  Pixels and latents are left out; NaN and infinity become null.
 *  @throws OUTPUT_UNWRITABLE when the file cannot be made */
export function jsonLinesReporter(file: string): Reporter<object> {
  const { write, close } = openLogFile(file, `--events ${file}`);
  return { report: (event) => write(`${JSON.stringify(event, withoutArrays)}\n`), close };
}

function withoutArrays(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? undefined : value;
}
