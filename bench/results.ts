import { appendFileSync, existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { version } from "../src/assets/index.ts";

export const machine = `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} threads, node ${process.version}`;

const packageVersion = await version();
const ownFile = fileURLToPath(new URL("results.jsonl", import.meta.url));

/** Adds a result to a file of JSON lines, with machine, version and date. */
export function keepResult(result: object, file = ownFile): void {
  const circumstances = { date: new Date().toISOString(), machine, version: packageVersion };
  appendFileSync(file, `${JSON.stringify({ ...circumstances, ...result })}\n`);
}

/** The last result kept of which the given fields are equal. */
export function lastResult<Result extends object>(same: Partial<Result>): Result | undefined {
  if (!existsSync(ownFile)) return undefined;
  const lines = readFileSync(ownFile, "utf8").split("\n").filter(Boolean);
  const results = lines.map((line) => JSON.parse(line) as Result);
  const fields = Object.entries(same);
  return results.findLast((result) => fields.every(([name, value]) => result[name as keyof Result] === value));
}
