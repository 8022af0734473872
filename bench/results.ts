import { appendFileSync, existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { version } from "../src/assets/index.ts";

export const machine = `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} threads, node ${process.version}`;

const packageVersion = await version();
const ownFile = fileURLToPath(new URL("results.jsonl", import.meta.url));

/** Adds a result to a file of JSON lines, with machine, version and date. */
export function keepResult(result: object, file = ownFile): void {
  const environment = { date: new Date().toISOString(), machine, version: packageVersion };
  appendFileSync(file, `${JSON.stringify({ ...environment, ...result })}\n`);
}

/** The last result whose given fields are equal. */
export function lastResult<Result extends object>(same: Partial<Result>): Result | undefined {
  if (!existsSync(ownFile)) return undefined;
  const lines = readFileSync(ownFile, "utf8").split("\n").filter(Boolean);
  const results = lines.map((line) => JSON.parse(line) as Result);
  const fields = Object.entries(same);
  return results.findLast((result) => fields.every(([name, value]) => result[name as keyof Result] === value));
}

/** Prints rows of equal length in aligned columns. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    );
  console.log("");
}

export const seconds = (value: number) => `${value.toFixed(value < 1 ? 3 : 1)} s`;
export const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
