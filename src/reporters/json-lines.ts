import { closeSync, writeSync } from "node:fs";
import { openLogFile } from "./log-file.ts";
import type { Reporter } from "./reporter.ts";

/** Writes every event to a file as a line of JSON, at once, so that another program can follow.
 *  Pixels and latents are left out; NaN and infinity become null.
 *  @throws OUTPUT_UNWRITABLE when the file cannot be made */
export function jsonLinesReporter(file: string): Reporter<object> {
  const handle = openLogFile(file, `--events ${file}`);
  return {
    report: (event) => writeSync(handle, `${JSON.stringify(event, withoutArrays)}\n`),
    close: () => closeSync(handle),
  };
}

function withoutArrays(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? undefined : value;
}
