import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { randomSd15 } from "./random-model.ts";

/** Measures training micro-steps and compares them with the last time.
 *  usage: npm run bench -- [tiny-sd] [sd1.5] [--side 512] [--batch 1] [--steps 4] [--threads N]
 *  The SD1.5-size model has random weights; it is made once in a folder under the system's temporary one (4.3 GB), or in COINAGE_BENCH_DIR. */
interface Result {
  readonly side: number;
  readonly batch: number;
  readonly loadSeconds: number;
  readonly secondsPerStep: number;
  readonly samplesPerSecond: number;
  readonly peakBytes: number;
  readonly peakAnonymousBytes: number;
  readonly shareOfConvolution: number;
}

interface Case {
  readonly name: string;
  readonly folder: () => string;
  readonly side: number;
  readonly batch: number;
  readonly steps: number;
}

const here = path.dirname(fileURLToPath(import.meta.url));
const resultsFile = path.join(here, "results.jsonl");
const workFolder = process.env.COINAGE_BENCH_DIR ?? path.join(os.tmpdir(), "coinage-bench");

const cases: readonly Case[] = [
  { name: "tiny-sd", folder: () => path.join(here, "../assets/tiny-sd"), side: 128, batch: 4, steps: 30 },
  { name: "sd1.5", folder: () => randomSd15(path.join(workFolder, "sd1.5")), side: 512, batch: 1, steps: 4 },
];

function flag(name: string): string | undefined {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? undefined : process.argv[index + 1];
}

function measure({ folder, side, batch, steps }: Case): Result {
  const numbers = [flag("side") ?? side, flag("batch") ?? batch, flag("steps") ?? steps].map(String);
  const threads = flag("threads");
  const args = [
    "--import",
    "tsx",
    path.join(here, "micro-step.ts"),
    folder(),
    ...numbers,
    ...(threads ? [threads] : []),
  ];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Result;
}

function lastResults(): Map<string, Result> {
  if (!existsSync(resultsFile)) return new Map();
  const lines = readFileSync(resultsFile, "utf8").trim().split("\n").filter(Boolean);
  const results = lines.map((line) => JSON.parse(line) as Result & { name: string });
  return new Map(results.map((result) => [key(result), result]));
}

function key({ name, side, batch }: Pick<Result, "side" | "batch"> & { readonly name: string }): string {
  return `${name} ${side} ${batch}`;
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
const before = lastResults();
const names = process.argv.slice(2).filter((word) => cases.some(({ name }) => name === word));
const machine = `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} threads, node ${process.version}`;
console.log(`${machine}\n`);
const rows = [
  ["model", "size", "batch", "load", "s/step", "samples/s", "peak", "anonymous", "of conv rate", "last time"],
];
for (const entry of cases.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const result = measure(entry);
  const last = before.get(key({ name: entry.name, ...result }));
  rows.push([
    entry.name,
    String(result.side),
    String(result.batch),
    `${result.loadSeconds.toFixed(1)} s`,
    result.secondsPerStep.toFixed(3),
    result.samplesPerSecond.toFixed(2),
    gigabytes(result.peakBytes),
    gigabytes(result.peakAnonymousBytes),
    `${Math.round(100 * result.shareOfConvolution)} %`,
    last ? `x ${(result.samplesPerSecond / last.samplesPerSecond).toFixed(2)}` : "-",
  ]);
  const line = { name: entry.name, date: new Date().toISOString().slice(0, 10), machine, ...result };
  appendFileSync(resultsFile, `${JSON.stringify(line)}\n`);
}
const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
