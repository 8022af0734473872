import type { RunAbout } from "../../../../runs/index.ts";
import { type Cell, type Drawing, isDrawable, usualDrawing } from "../../tries/index.ts";

/** A state of the word that can be looked at. */
export interface Position {
  /** The file of a checkpoint, or "start". */
  readonly key: string;
  readonly step: number;
  readonly kind: "start" | RunAbout["checkpoints"][number]["kind"];
  readonly isStarred: boolean;
}

/** What is compared, and how it is drawn. */
export interface Choice extends Drawing {
  /** Where the slider stands. */
  readonly at: string;
  /** Further positions that stay beside it. */
  readonly kept: readonly string[];
  readonly prompts: readonly string[];
  /** The same in every column. */
  readonly seeds: readonly number[];
}

const usualSeeds = [42, 43, 44, 45];

/** Limits of a comparison, so that a mistyped one does not ask for days of drawing. */
const [mostSeeds, mostPrompts, largestSeed] = [8, 8, 2 ** 32 - 1];

/** All states of the word from its start on, by step. What was saved on the way and is also the result is told once, as the result. */
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

/** The columns from left to right: the start word, what is kept, the best, the last, and where the slider stands. */
export function columnsOf(
  positions: readonly Position[],
  { at, kept }: Pick<Choice, "at" | "kept">,
): readonly Position[] {
  return positions.filter(
    ({ key, kind, isStarred }) =>
      ["start", "best", "last"].includes(kind) || isStarred || key === at || kept.includes(key),
  );
}

/** The cells of some columns, prompt by prompt and seed by seed. */
export function cellsOf(columns: readonly Position[], { prompts, seeds }: Pick<Choice, "prompts" | "seeds">): Cell[] {
  return prompts.flatMap((prompt) =>
    seeds.flatMap((seed) => columns.map(({ key: checkpoint }) => ({ checkpoint, prompt, seed }))),
  );
}

/** A row of pictures that can be compared. */
export interface Row {
  readonly seed: number;
  /** Whether the run itself has drawn them. */
  readonly isOfRun: boolean;
}

/** The rows of a prompt: what the run has drawn of it at some position, then what is drawn here. */
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

/** What is compared at first: what was starred or is best, else the middle; with the prompts and the size of the run's own samples. */
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

/** What an address compares; what it does not say, or what is gone, is as usual. */
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

/** The address's part that tells a choice. */
export function queryOf({ at, kept, prompts, seeds, width, height, steps, guidance }: Choice): string {
  const query = new URLSearchParams({ at, seeds: seeds.join(" ") });
  for (const key of kept) query.append("keep", key);
  for (const prompt of prompts) query.append("prompt", prompt);
  for (const [name, value] of Object.entries({ width, height, steps, guidance })) query.set(name, String(value));
  return `?${query}`;
}

/** The seeds in a text, each once; undefined when there are none, too many, or something else. */
export function seedsIn(text: string): readonly number[] | undefined {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== "");
  const seeds = [...new Set(parts.map(Number))];
  const isGood = parts.every((part) => /^\d+$/.test(part)) && seeds.every((seed) => seed <= largestSeed);
  return isGood && seeds.length > 0 && seeds.length <= mostSeeds ? seeds : undefined;
}
