import { parseArgs } from "node:util";
import { tinySdFolder } from "../src/assets/index.ts";
import type { DeviceName } from "../src/runtime/index.ts";
import { runApart } from "./apart.ts";
import type { GenerationTimes } from "./generate.ts";
import type { MicroStepTimes } from "./micro-step.ts";
import type { SizedModel } from "./model-sizes.ts";
import { randomModel } from "./random-model.ts";
import { gigabytes, keepResult, lastResult, machine, printTable, seconds } from "./results.ts";

/** Measures training micro-steps and image generation, and compares them with the last results.
 *  usage: npm run bench -- [train] [generate] [MODEL...] [--curve] [--gradient_checkpointing] [--side 512] [--batch 1,2] [--steps 4] [--device cpu] [--threads N] [--profile PREFIX]
 *  MODEL is tiny-sd, sd1.5, sd2 or sdxl; without one the first two. --side and --batch may be lists. See README.md beside this file. */
type Model = "tiny-sd" | SizedModel;

interface Case {
  readonly model: Model;
  readonly side: number;
  readonly batch: number;
  readonly steps: number;
}

interface Bench<Times> {
  readonly name: "train" | "generate";
  /** Measures one case. */
  readonly script: string;
  readonly cases: readonly Case[];
  readonly columns: readonly (readonly [title: string, text: (times: Times) => string])[];
}

const training: Bench<MicroStepTimes> = {
  name: "train",
  script: "micro-step.ts",
  cases: [
    { model: "tiny-sd", side: 128, batch: 4, steps: 30 },
    { model: "sd1.5", side: 512, batch: 1, steps: 4 },
    { model: "sd2", side: 768, batch: 1, steps: 3 },
    { model: "sdxl", side: 1024, batch: 1, steps: 2 },
  ],
  columns: [
    ["load", ({ loadSeconds }) => seconds(loadSeconds)],
    ["s/step", ({ secondsPerStep }) => secondsPerStep.toFixed(3)],
    ["samples/s", ({ samplesPerSecond }) => samplesPerSecond.toFixed(2)],
    ["peak", ({ peakBytes }) => gigabytes(peakBytes)],
    ["anonymous", ({ peakAnonymousBytes }) => gigabytes(peakAnonymousBytes)],
    ["planned", ({ plannedBytes, peakBytes }) => `x ${(plannedBytes / peakBytes).toFixed(2)}`],
    ["time", ({ rate, secondsPerStep }) => (rate ? `x ${(rate.plannedSeconds / secondsPerStep).toFixed(2)}` : "-")],
    ["of conv rate", ({ rate }) => (rate ? `${Math.round(100 * rate.shareOfConvolution)} %` : "-")],
  ],
};

const generation: Bench<GenerationTimes> = {
  name: "generate",
  script: "generate.ts",
  cases: [
    { model: "tiny-sd", side: 128, batch: 1, steps: 15 },
    { model: "sd1.5", side: 512, batch: 1, steps: 4 },
    { model: "sd2", side: 768, batch: 1, steps: 3 },
    { model: "sdxl", side: 1024, batch: 1, steps: 2 },
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

/** The default cases. */
interface Preset {
  readonly models: readonly Model[];
  readonly side?: string;
  readonly batch?: string;
  readonly steps?: string;
}

/** How time and memory of training grow with size and batch. */
const curve: Preset = { models: ["sd1.5"], side: "256,384,512,768", batch: "1,2,4,8", steps: "2" };

const { values: flags, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    curve: { type: "boolean", default: false },
    gradient_checkpointing: { type: "boolean", default: false },
    side: { type: "string" },
    batch: { type: "string" },
    steps: { type: "string" },
    device: { type: "string", default: "cpu" },
    threads: { type: "string" },
    profile: { type: "string" },
  },
});
const models: readonly Model[] = ["tiny-sd", "sd1.5", "sd2", "sdxl"];
const askedModels = models.filter((model) => words.includes(model));
const preset: Preset = flags.curve ? curve : { models: models.slice(0, 2) };
const given = { ...preset, ...flags };
const isAsked = (bench: Bench<never>) =>
  flags.curve ? bench.name === "train" : words.includes(bench.name) || !/train|generate/.test(words.join());

/** A bench's cases with the requested models, sizes and batches. */
function casesOf({ cases }: Bench<never>): Case[] {
  const wanted = askedModels.length > 0 ? askedModels : preset.models;
  const list = (text: string | undefined, usual: number) => text?.split(",").map(Number) ?? [usual];
  return cases
    .filter(({ model }) => wanted.includes(model))
    .flatMap(({ model, side, batch, steps }) =>
      list(given.side, side).flatMap((side) =>
        list(given.batch, batch).map((batch) => ({ model, side, batch, steps: Number(given.steps ?? steps) })),
      ),
    );
}

/** What identifies a measurement: it is compared with the last one for which all this is the same. */
function conditions({ name }: Bench<never>, { model, side, batch }: Case) {
  return {
    ...{ bench: name, model, side, batch, machine, device: flags.device as DeviceName },
    threads: flags.threads === undefined ? undefined : Number(flags.threads),
    ...(name === "train" && { gradientCheckpointing: flags.gradient_checkpointing, computeDtype: "float32" }),
  };
}

interface Kept {
  readonly secondsPerStep: number;
}

async function measure<Times extends Kept>(bench: Bench<Times>, entry: Case): Promise<string[]> {
  const same = conditions(bench, entry);
  const title = [entry.model, String(entry.side), String(entry.batch)];
  process.stderr.write(`${bench.name} ${title.join(" ")}\n`);
  const model = entry.model === "tiny-sd" ? tinySdFolder : randomModel(entry.model);
  try {
    const times = await runApart<Times>(bench.script, {
      ...{ ...same, model, steps: entry.steps },
      ...{ profile: flags.profile, measuresRate: true },
    });
    const last = lastResult<Kept & typeof same>(same);
    keepResult({ ...same, ...times, gradient: undefined });
    const compared = last ? `x ${(last.secondsPerStep / times.secondsPerStep).toFixed(2)}` : "-";
    return [...title, ...bench.columns.map(([, text]) => text(times)), compared];
  } catch (error) {
    return [...title, ...bench.columns.map(() => "-"), (error as Error).message];
  }
}

async function run<Times extends Kept>(bench: Bench<Times>): Promise<void> {
  const rows = [[bench.name, "size", "batch", ...bench.columns.map(([title]) => title), "last time"]];
  // one after another, so that each has the machine to itself
  for (const entry of casesOf(bench)) rows.push(await measure(bench, entry));
  printTable(rows);
}

console.log(`${machine}\n`);
if (isAsked(training)) await run(training);
if (isAsked(generation)) await run(generation);
