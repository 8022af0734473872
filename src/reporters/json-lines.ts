import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import type { Reporter } from "./reporter.ts";

/** Writes every event to a file as a line of JSON, at once, so that another program can follow.
 *  Pixels and latents are left out; NaN and infinity become null.
 *  @throws OUTPUT_UNWRITABLE when the file cannot be made */
export function jsonLinesReporter(file: string): Reporter<object> {
  const handle = openForWriting(file);
  return {
    report: (event) => writeSync(handle, `${JSON.stringify(event, withoutArrays)}\n`),
    close: () => closeSync(handle),
  };
}

function withoutArrays(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? undefined : value;
}

function openForWriting(file: string): number {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    return openSync(file, "w");
  } catch (cause) {
    throw new CoinageError("OUTPUT_UNWRITABLE", `${file} cannot be written.`, {
      where: `--events ${file}`,
      hint: "Choose another file.",
      cause,
    });
  }
}
