import { appendFileSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { tinySdFolder } from "../../src/assets/index.ts";
import { openModel } from "../../src/pipeline.ts";
import { machine, printTable } from "../results.ts";
import { rows } from "./rows.ts";
import { type Concept, concepts, newBackgrounds, runTrial, type TrialResult } from "./trial.ts";
import type { Color } from "./world.ts";

/** Trains words with the small model and scores what it generates with them.
 *  usage: npm run bench -- learning [ROW...] [--settings="FLAGS OF TRAIN"] [--concepts heart,star] [--seeds 1,2,3] [--pictures 16] [--backgrounds yellow,red]
 *         [--threads N] [--results FILE] [--table]
 *  ROW is one of rows.ts; --table only prints the results so far. See ../README.md. */
const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  args: process.argv.slice(3),
  options: {
    settings: { type: "string", multiple: true, default: [] },
    concepts: { type: "string" },
    seeds: { type: "string", default: "1,2,3" },
    pictures: { type: "string", default: "16" },
    backgrounds: { type: "string" },
    threads: { type: "string" },
    results: { type: "string", default: new URL("results.jsonl", import.meta.url).pathname },
    table: { type: "boolean", default: false },
  },
});

interface Kept extends TrialResult {
  readonly settings: string;
  readonly concept: string;
  readonly seed: number;
  readonly backgrounds: string;
  readonly pictures: number;
}

const asked = positionals.map((name) => {
  const settings = rows[name];
  if (settings === undefined) throw new Error(`no row is called ${name}: ${Object.keys(rows).join(", ")}`);
  return { name, settings };
});
const wanted = [...asked, ...given.settings.map((settings) => ({ name: settings, settings }))];
const chosen = concepts.filter(({ shape }) => given.concepts?.split(",").includes(shape) ?? true);
const seeds = given.seeds.split(",").map(Number);
const pictures = Number(given.pictures);

const backgroundsOf = (concept: Concept) =>
  (given.backgrounds?.split(",") as Color[] | undefined) ?? newBackgrounds(concept, 2);

function results(): Kept[] {
  if (!existsSync(given.results)) return [];
  const lines = readFileSync(given.results, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Kept);
}

/** The results of one row with the requested concepts and seeds. */
function resultsOf(settings: string): Kept[] {
  return results().filter((result) => {
    const concept = chosen.find(({ shape }) => shape === result.concept);
    const isSame = result.settings === settings && result.pictures === pictures;
    return isSame && concept && result.backgrounds === backgroundsOf(concept).join() && seeds.includes(result.seed);
  });
}

async function measure(): Promise<void> {
  const threads = given.threads === undefined ? undefined : Number(given.threads);
  const model = await openModel(tinySdFolder, { device: "cpu", threads });
  for (const { settings } of wanted)
    for (const seed of seeds)
      for (const concept of chosen) {
        if (resultsOf(settings).some((result) => result.seed === seed && result.concept === concept.shape)) continue;
        const backgrounds = backgroundsOf(concept);
        const flags = settings.split(" ").filter(Boolean);
        const wordsFolder = path.join(path.dirname(given.results), "learned-words");
        const result = await runTrial({ concept, seed, flags, backgrounds, pictures, wordsFolder }, model, threads);
        const about = { settings, concept: concept.shape, seed, backgrounds: backgrounds.join(), pictures };
        appendFileSync(given.results, `${JSON.stringify({ ...about, ...result, machine })}\n`);
      }
  await model.close();
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** Standard error of the mean over concepts and seeds: the concepts are fixed, so only the seeds of each vary. */
function standardError(groups: readonly (readonly number[])[]): number | undefined {
  if (groups.some((group) => group.length < 2)) return undefined;
  const variances = groups.map((group) => {
    const middle = mean(group);
    return group.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (group.length - 1) / group.length;
  });
  return Math.sqrt(variances.reduce((sum, value) => sum + value, 0)) / groups.length;
}

/** Steps of a run as a multiple of the steps to 95 % of its evaluation loss's fall; undefined without evaluations. */
function multipleOf95({ steps, evaluations }: Kept): number | undefined {
  if (evaluations.length === 0) return undefined;
  const [first, least] = [evaluations[0]![1], Math.min(...evaluations.map(([, loss]) => loss))];
  const [reached] = evaluations.find(([, loss]) => loss <= first - 0.95 * (first - least))!;
  return steps / reached;
}

function tableRow({ name, settings }: { readonly name: string; readonly settings: string }): string[] {
  const found = resultsOf(settings);
  const groups = chosen
    .map(({ shape }) => found.filter(({ concept }) => concept === shape))
    .filter((group) => group.length > 0);
  if (groups.length === 0) return [name, ...header.slice(1).map(() => "-")];
  const meanOf = (value: (result: Kept) => number) => mean(groups.map((group) => mean(group.map(value))));
  const error = standardError(groups.map((group) => group.map(({ learned }) => learned)));
  const each = chosen.map(({ shape }) => {
    const ofConcept = found.filter(({ concept }) => concept === shape).map(({ learned }) => learned);
    return ofConcept.length === 0 ? "-" : percent(mean(ofConcept));
  });
  const multiples = found.flatMap((result) => multipleOf95(result) ?? []);
  return [
    ...[
      name,
      String(found.length),
      meanOf(({ steps }) => steps).toFixed(0),
      meanOf(({ seconds }) => seconds).toFixed(1),
    ],
    `${percent(meanOf(({ learned }) => learned))}${error === undefined ? "" : ` ± ${(100 * error).toFixed(1)}`}`,
    ...each,
    percent(meanOf(({ lastLearned }) => lastLearned)),
    ...[percent(meanOf(({ background }) => background)), meanOf(({ norm }) => norm).toFixed(2)],
    multiples.length === 0 ? "-" : `${mean(multiples).toFixed(1)} (${Math.max(...multiples).toFixed(1)})`,
  ];
}

const header = [
  ...["settings", "runs", "steps", "s", "learned", ...chosen.map(({ shape }) => shape)],
  ...["last", "background", "norm", "end"],
];
if (!given.table) await measure();
const everything = [...new Set(results().map(({ settings }) => settings))].map((settings) => ({
  name: settings,
  settings,
}));
printTable([header, ...(wanted.length > 0 ? wanted : everything).map(tableRow)]);
