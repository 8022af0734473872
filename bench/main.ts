import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { randomSd15 } from "./random-model.ts";

/** Measures training micro-steps and the drawing of pictures, and compares them with the last time.
 *  usage: npm run bench -- [train] [generate] [tiny-sd] [sd1.5] [--side 512] [--batch 1] [--steps 4] [--threads N]
 *  The SD1.5-size model has random weights; it is made once in a folder under the system's temporary one (4.3 GB), or in COINAGE_BENCH_DIR. */
interface Common {
  readonly side: number;
  readonly batch: number;
  readonly secondsPerStep: number;
  readonly peakBytes: number;
  readonly peakAnonymousBytes: number;
}

interface Training extends Common {
  readonly loadSeconds: number;
  readonly samplesPerSecond: number;
  readonly shareOfConvolution: number;
}

interface Drawing extends Common {
  readonly firstStepSeconds: number;
  readonly decodeSeconds: number;
  readonly secondsPerPicture: number;
}

interface Case {
  readonly model: "tiny-sd" | "sd1.5";
  readonly side: number;
  readonly batch: number;
  readonly steps: number;
}

interface Bench<Result extends Common> {
  readonly name: "train" | "generate";
  /** Measures one case in a process of its own; see the file. */
  readonly script: string;
  readonly cases: readonly Case[];
  readonly columns: readonly (readonly [title: string, text: (result: Result) => string])[];
}

const seconds = (value: number) => `${value.toFixed(value < 1 ? 3 : 1)} s`;
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;

const training: Bench<Training> = {
  name: "train",
  script: "micro-step.ts",
  cases: [
    { model: "tiny-sd", side: 128, batch: 4, steps: 30 },
    { model: "sd1.5", side: 512, batch: 1, steps: 4 },
  ],
  columns: [
    ["load", ({ loadSeconds }) => seconds(loadSeconds)],
    ["s/step", ({ secondsPerStep }) => secondsPerStep.toFixed(3)],
    ["samples/s", ({ samplesPerSecond }) => samplesPerSecond.toFixed(2)],
    ["peak", ({ peakBytes }) => gigabytes(peakBytes)],
    ["anonymous", ({ peakAnonymousBytes }) => gigabytes(peakAnonymousBytes)],
    ["of conv rate", ({ shareOfConvolution }) => `${Math.round(100 * shareOfConvolution)} %`],
  ],
};

const drawing: Bench<Drawing> = {
  name: "generate",
  script: "generate.ts",
  cases: [
    { model: "tiny-sd", side: 128, batch: 1, steps: 15 },
    { model: "sd1.5", side: 512, batch: 1, steps: 4 },
  ],
  columns: [
    ["first step", ({ firstStepSeconds }) => seconds(firstStepSeconds)],
    ["s/step", ({ secondsPerStep }) => secondsPerStep.toFixed(3)],
    ["decode", ({ decodeSeconds }) => seconds(decodeSeconds)],
    ["s/picture", ({ secondsPerPicture }) => secondsPerPicture.toFixed(1)],
    ["peak", ({ peakBytes }) => gigabytes(peakBytes)],
    ["anonymous", ({ peakAnonymousBytes }) => gigabytes(peakAnonymousBytes)],
  ],
};

const here = path.dirname(fileURLToPath(import.meta.url));
const resultsFile = path.join(here, "results.jsonl");
const words = process.argv.slice(2);
const machine = `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} threads, node ${process.version}`;

/** Whether a bench or a model was asked for; without a word of its kind all are. */
function isAsked(name: string, names: readonly string[]): boolean {
  return words.includes(name) || !names.some((other) => words.includes(other));
}

function flag(name: string): string | undefined {
  const index = words.indexOf(`--${name}`);
  return index < 0 ? undefined : words[index + 1];
}

function folderOf(model: Case["model"]): string {
  if (model === "tiny-sd") return path.join(here, "../assets/tiny-sd");
  return randomSd15(path.join(process.env.COINAGE_BENCH_DIR ?? path.join(os.tmpdir(), "coinage-bench"), "sd1.5"));
}

function measure<Result extends Common>({ script }: Bench<Result>, { model, side, batch, steps }: Case): Result {
  const numbers = [flag("side") ?? side, flag("batch") ?? batch, flag("steps") ?? steps].map(String);
  const threads = flag("threads");
  const args = [path.join(here, script), folderOf(model), ...numbers, ...(threads ? [threads] : [])];
  return JSON.parse(execFileSync(process.execPath, ["--import", "tsx", ...args], { encoding: "utf8" })) as Result;
}

interface Line extends Common {
  readonly name: string;
}

function lastResult(name: string, { side, batch }: Common): Line | undefined {
  if (!existsSync(resultsFile)) return undefined;
  const lines = readFileSync(resultsFile, "utf8").trim().split("\n").filter(Boolean);
  const results = lines.map((line) => JSON.parse(line) as Line);
  return results.findLast((line) => line.name === name && line.side === side && line.batch === batch);
}

function run<Result extends Common>(bench: Bench<Result>): void {
  const rows = [[bench.name, "size", "batch", ...bench.columns.map(([title]) => title), "last time"]];
  for (const entry of bench.cases.filter(({ model }) => isAsked(model, ["tiny-sd", "sd1.5"]))) {
    const result = measure(bench, entry);
    const name = bench.name === "train" ? entry.model : `${bench.name} ${entry.model}`;
    const last = lastResult(name, result);
    rows.push([
      ...[entry.model, String(result.side), String(result.batch)],
      ...bench.columns.map(([, text]) => text(result)),
      last ? `x ${(last.secondsPerStep / result.secondsPerStep).toFixed(2)}` : "-",
    ]);
    const line = { name, date: new Date().toISOString().slice(0, 10), machine, ...result };
    appendFileSync(resultsFile, `${JSON.stringify(line)}\n`);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
  console.log("");
}

console.log(`${machine}\n`);
if (isAsked("train", ["train", "generate"])) run(training);
if (isAsked("generate", ["train", "generate"])) run(drawing);
