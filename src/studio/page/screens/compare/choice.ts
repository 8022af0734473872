import type { RunAbout } from "../../../../runs/index.ts";
import { type Cell, type Drawing, isDrawable, usualDrawing } from "../../tries/index.ts";

/** A state of the word to look at. */
export interface Position {
  /** The file of a checkpoint, or "start". */
  readonly key: string;
  readonly step: number;
  readonly kind: "start" | RunAbout["checkpoints"][number]["kind"];
  readonly isStarred: boolean;
}

/** What to compare, and how to draw it. */
export interface Choice extends Drawing {
  /** The position of the slider. */
  readonly at: string;
  /** Further positions, kept beside it. */
  readonly kept: readonly string[];
  readonly prompts: readonly string[];
  /** Same in every column. */
  readonly seeds: readonly number[];
}

const usualSeeds = [42, 43, 44, 45];

/** Limits of a comparison, so that a typing error does not request days of drawing. */
const [mostSeeds, mostPrompts, largestSeed] = [8, 8, 2 ** 32 - 1];

/** All states of the word from its start on, by step. A checkpoint saved at the step of a result is listed once, as the result. */
export function positionsOf({ checkpoints, marks }: Pick<RunAbout, "checkpoints" | "marks">): readonly Position[] {
  const results = new Set(checkpoints.flatMap(({ kind, step }) => (kind === "last" || kind === "best" ? [step] : [])));
  const found = checkpoints
    .filter(({ kind, step }) => kind !== "step" || !results.has(step))
    .map(({ name, step, kind }) => ({ key: name, step, kind, isStarred: marks.stars.includes(step) }));
  const isAverage = ({ kind }: Position) => Number(kind === "average");
  return [
    { key: "start", step: 0, kind: "start", isStarred: false },
    ...found.sort((a, b) => isAverage(a) - isAverage(b) || a.step - b.step),
  ];
}

/** The positions shown as columns, by step: the start, starred and kept ones, the best, the last, and the slider's. */
export function columnsOf(
  positions: readonly Position[],
  { at, kept }: Pick<Choice, "at" | "kept">,
): readonly Position[] {
  return positions.filter(
    ({ key, kind, isStarred }) =>
      ["start", "best", "last"].includes(kind) || isStarred || key === at || kept.includes(key),
  );
}

/** The cells of columns, prompt by prompt and seed by seed. */
export function cellsOf(columns: readonly Position[], { prompts, seeds }: Pick<Choice, "prompts" | "seeds">): Cell[] {
  return prompts.flatMap((prompt) =>
    seeds.flatMap((seed) => columns.map(({ key: checkpoint }) => ({ checkpoint, prompt, seed }))),
  );
}

/** A row of comparable pictures. */
export interface Row {
  readonly seed: number;
  /** Whether the run itself drew them. */
  readonly isOfRun: boolean;
}

/** The rows of a prompt: one for each seed of the run's own samples, then one for each chosen seed. */
export function rowsOf(
  prompt: string,
  {
    samples,
    positions,
    seeds,
  }: {
    readonly samples: RunAbout["samples"];
    readonly positions: readonly Position[];
    readonly seeds: readonly number[];
  },
): readonly Row[] {
  const steps = new Set(positions.filter(({ kind }) => kind !== "average").map(({ step }) => step));
  const isSeen = (sample: RunAbout["samples"][number]) => sample.prompt === prompt && steps.has(sample.step);
  const own = new Set(samples.filter(isSeen).map(({ seed }) => seed));
  return [
    ...[...own].slice(0, mostSeeds).map((seed) => ({ seed, isOfRun: true })),
    ...seeds.map((seed) => ({ seed, isOfRun: false })),
  ];
}

/** The initial choice: the first starred position, else the best, else the middle one, with the prompts and the size of the run's own samples. */
function usualChoice(about: RunAbout, positions: readonly Position[]): Choice {
  const prompts = [...new Set(about.samples.map(({ prompt }) => prompt))].slice(0, mostPrompts);
  const middle = positions[positions.length >> 1];
  const first = positions.find(({ isStarred }) => isStarred) ?? positions.find(({ kind }) => kind === "best") ?? middle;
  return {
    at: first?.key ?? "start",
    kept: [],
    prompts: prompts.length > 0 ? prompts : [`a photo of ${about.record.word}`],
    seeds: usualSeeds,
    ...usualDrawing(about),
  };
}

/** The choice in an address; missing or outdated parts are as in the initial choice. */
export function choiceIn(query: string, about: RunAbout, positions: readonly Position[]): Choice {
  const given = new URLSearchParams(query);
  const usual = usualChoice(about, positions);
  const isThere = (key: string) => positions.some((one) => one.key === key);
  const number = (name: keyof Drawing) => {
    const value = Number(given.get(name) ?? Number.NaN);
    return isDrawable(name, value) ? value : usual[name];
  };
  const at = given.get("at") ?? "";
  const prompts = given.getAll("prompt").filter((prompt) => prompt !== "");
  return {
    at: isThere(at) ? at : usual.at,
    kept: given.getAll("keep").filter(isThere),
    prompts: prompts.length > 0 ? prompts.slice(0, mostPrompts) : usual.prompts,
    seeds: seedsIn(given.get("seeds") ?? "") ?? usual.seeds,
    ...{ width: number("width"), height: number("height"), steps: number("steps"), guidance: number("guidance") },
  };
}

/** A choice as the query of an address. */
export function queryOf({ at, kept, prompts, seeds, width, height, steps, guidance }: Choice): string {
  const query = new URLSearchParams({ at, seeds: seeds.join(" ") });
  for (const key of kept) query.append("keep", key);
  for (const prompt of prompts) query.append("prompt", prompt);
  for (const [name, value] of Object.entries({ width, height, steps, guidance })) query.set(name, String(value));
  return `?${query}`;
}

/** The seeds in a text, without duplicates; undefined if there are none, too many, or anything else. */
export function seedsIn(text: string): readonly number[] | undefined {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== "");
  const seeds = [...new Set(parts.map(Number))];
  const isGood = parts.every((part) => /^\d+$/.test(part)) && seeds.every((seed) => seed <= largestSeed);
  return isGood && seeds.length > 0 && seeds.length <= mostSeeds ? seeds : undefined;
}
