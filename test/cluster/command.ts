import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { program } from "./build.ts";

/** The output of a command line. */
export async function printed(...words: readonly string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [program, ...words])).stdout;
}
