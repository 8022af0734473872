import { afterAll, beforeAll, expect, test } from "vitest";
import { describeGoldens, readJson } from "../../test/goldens.ts";
import { CoinageError } from "../errors/index.ts";
import { parseTrainArguments } from "../options/index.ts";
import { findIssues } from "./config/check.ts";
import { readConfigDocument, readDatasetConfig } from "./config/config.ts";
import type { DatasetSettings } from "./config/keys.ts";
import { type DatasetPlan, resolveDatasets, type SubsetPlan } from "./config/plan.ts";
import { DatasetWarnings } from "./warnings.ts";

interface RecordedError {
  readonly stage: "load" | "validate";
  readonly errors?: readonly { readonly path: readonly string[]; readonly message: string }[];
}

interface ConfigCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly file: string;
  readonly error?: RecordedError;
  readonly datasets?: readonly {
    readonly kind: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly subsets: readonly Readonly<Record<string, unknown>>[];
  }[];
}

/** Recorded mistakes that coinage accepts, by recorded message: integers are numbers, and newer TOML has arrays of mixed types. */
const takenHere = /^expected float$|^Not a homogeneous array/;

/** coinage's message for a recorded one. */
function reasonOf(message: string): RegExp {
  if (message.startsWith("extra keys")) return /^unknown key$/;
  if (message.startsWith("required key")) return /^missing key$/;
  return message.startsWith("expected") ? /^wrong type$/ : /^mixed kinds$/;
}

const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** A value of a plan by its recorded name. */
function recordedValue(plan: DatasetPlan | SubsetPlan, name: string): unknown {
  const flat: Record<string, unknown> = { ...plan, ...("captions" in plan && plan.captions) };
  return flat[camel(name)] ?? null;
}

/** Recorded values that sd-scripts does not use: a subset has no validation split of its own, and debug_dataset is no value of a dataset. */
const unread = { dataset: ["debug_dataset"], subset: ["validation_seed", "validation_split"] };

function comparable(value: unknown): unknown {
  return typeof value === "boolean" ? Number(value) : value;
}

async function plansOf(file: string, settings: DatasetSettings): Promise<DatasetPlan[]> {
  return resolveDatasets(
    await readDatasetConfig({ ...settings, datasetConfig: file }, new DatasetWarnings()),
    settings,
  );
}

describeGoldens("dataset", (folder) => {
  const start = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => process.chdir(start));

  test.each(readJson<ConfigCase[]>(folder, "config.json"))("config $name", async ({ argv, file, error, datasets }) => {
    const { settings } = parseTrainArguments(argv);
    const isUnusable = error?.stage === "load" && !takenHere.test((error as { message?: string }).message ?? "");
    if (isUnusable) {
      await expect(readConfigDocument(file)).rejects.toMatchObject({ code: "DATASET_CONFIG" });
      return;
    }
    const mistakes = (error?.errors ?? []).filter(({ message }) => !takenHere.test(message));
    if (mistakes.length > 0) {
      const document = await readConfigDocument(file);
      const issues = findIssues(document.root, settings.maskedLoss ?? false);
      expect(issues).toHaveLength(mistakes.length);
      for (const { path, message } of mistakes) {
        const issue = issues.find((candidate) => candidate.path.join("/") === path.join("/"));
        expect(issue?.reason, path.join("/")).toMatch(reasonOf(message));
        if (message.startsWith("expected")) expect(issue!.message).toContain(`(${message.replace("expected ", "")})`);
        expect(document.lineOf(issue!.path)).toBeGreaterThan(0);
      }
      await expect(plansOf(file, settings)).rejects.toBeInstanceOf(CoinageError);
      return;
    }
    const lacksSomething =
      datasets?.length === 0 || datasets?.some(({ params, subsets }) => !params.resolution || subsets.length === 0);
    if (lacksSomething) {
      // sd-scripts accepts the file and fails later; coinage reports a dataset without resolution or subsets at once
      await expect(plansOf(file, settings)).rejects.toMatchObject({ code: "DATASET_CONFIG" });
      return;
    }
    const plans = await plansOf(file, settings);
    if (!datasets) return;
    expect(plans).toHaveLength(datasets.length);
    for (const [i, { kind, params, subsets }] of datasets.entries()) {
      const plan = plans[i]!;
      expect(plan.kind).toBe(kind);
      for (const [name, value] of Object.entries(params))
        if (!unread.dataset.includes(name))
          expect(comparable(recordedValue(plan, name)), name).toEqual(comparable(value));
      expect(plan.subsets).toHaveLength(subsets.length);
      for (const [k, subset] of subsets.entries())
        for (const [name, value] of Object.entries(subset))
          if (!unread.subset.includes(name))
            expect(comparable(recordedValue(plan.subsets[k]!, name)), `${k}: ${name}`).toEqual(comparable(value));
    }
  });
});
