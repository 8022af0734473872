import path from "node:path";
import { mean, type NdArray } from "../../array/index.ts";
import { clipMerges, version } from "../../assets/index.ts";
import { fingerprint, tokenTables } from "../../checkpoint/index.ts";
import { digestOf, readEarlierFile } from "../../files/index.ts";
import { settingsWithEffect, type TrainSettings } from "../../options/index.ts";
import {
  bestOf,
  describeVectors,
  encodeTables,
  generateWords,
  judged,
  type ReportData,
  reportFormat,
  type StripColumn,
  sceneOf,
} from "../../report/index.ts";
import { plainWords } from "../../tokenizer/index.ts";
import { pairedDifference } from "../evaluation/statistics.ts";
import type { ChosenRecipe } from "../recipes/apply.ts";
import { recipeMetadata } from "../recipes/summary.ts";
import type { OpenRun } from "../setup/open-run.ts";
import { templateOf } from "../setup/placeholder.ts";
import { finite, type RunHistory, type Snapshot } from "./history.ts";

/** The run that is reported on, at its end. */
export interface EndedRun {
  readonly run: OpenRun;
  readonly history: RunHistory;
  readonly device: string;
  /** Model and VAE as they were given: paths, or names on the hub. */
  readonly given: { readonly model: string; readonly vae: string | undefined };
  /** The embedding file. */
  readonly file: string;
  /** What prompts call it by. */
  readonly word: string;
  readonly seconds: number;
  readonly failure: string | undefined;
}

/** Everything that is known of a run without its networks; the strip has no pictures yet. */
export async function collectReport(ended: EndedRun): Promise<ReportData> {
  const { run, history, file, word, given } = ended;
  const { settings, inputs, embeddings, progress, files, warnings } = run;
  const { checkpoint, model, placeholder, group } = inputs;
  const { tokens, layers, initialEmbeddings: start } = placeholder;
  const tables = embeddings.finished;
  const { step } = progress;
  const words = plainWords(await clipMerges());
  const described = describeVectors({ tables, start, tokens, layers }, tokenTables(checkpoint), words);
  const embedding = await readEarlierFile(file);
  const [width, height] = group.datasets[0]!.plan.resolution;
  const evaluations = evaluationsOf(run);
  return judged({
    format: reportFormat,
    runId: files.runId,
    date: new Date().toISOString(),
    versions: { coinage: await version(), Node: process.version },
    word,
    tokens,
    initWord: settings.initWord,
    embedding: {
      file: path.basename(file),
      sha256: embedding && digestOf(embedding),
      isLayered: layers !== undefined,
    },
    model: {
      source: given.model,
      vae: given.vae,
      family: model.family,
      predictionType: checkpoint.predictionType.value,
      hashes: hashesOf(ended),
    },
    run: {
      steps: step,
      plannedSteps: inputs.length.steps,
      seconds: ended.seconds,
      isInterrupted: !progress.isFinished,
      failure: ended.failure,
      device: ended.device,
      recipe: run.recipe && recipeOf(run.recipe, settings),
    },
    settings: settingsWithEffect("numbers", settings).map(([name, value]) => [name, valueText(value)] as const),
    dataset: datasetOf(run),
    ...described,
    curves: history.curves,
    evaluations,
    strip: {
      prompts: sceneOf(model, settings.useStyleTemplate).stripPrompts.map((template, i) => ({ template, seed: i + 1 })),
      width: roundedSide(width),
      height: roundedSide(height),
      clipSkip: settings.clipSkip,
      columns: columnsOf(ended, tables, evaluations),
    },
    commands: {
      generate: generateWords({
        ...settings,
        model: given.model,
        vae: given.vae,
        family: model.family,
        file,
        word,
        isLayered: settings.xti,
        isStyle: settings.useStyleTemplate,
        resolution: [width, height],
      }),
      draw: ["report", file],
    },
    warnings: warnings.list(),
  });
}

function recipeOf(recipe: ChosenRecipe, settings: TrainSettings): NonNullable<ReportData["run"]>["recipe"] {
  const { name, reason } = recipe;
  return { name, reason, settings: recipeMetadata(recipe, settings).coinage_recipe_settings ?? "" };
}

function evaluationsOf({ evaluations: { evaluated } }: OpenRun): ReportData["evaluations"] {
  return evaluated.map(({ step, itemLosses }) => {
    const { mean: drop, error: dropError } = pairedDifference(evaluated[0]!.itemLosses, itemLosses);
    return {
      step,
      loss: finite(mean(itemLosses)),
      drop: finite(drop),
      dropError: finite(dropError),
      itemLosses: itemLosses.map(finite),
    };
  });
}

function hashesOf({ run }: EndedRun): Record<string, string> {
  const { unet, vae, textEncoder, textEncoder2 } = run.inputs.checkpoint;
  return {
    "U-Net": fingerprint(unet),
    VAE: fingerprint(vae),
    "text encoder": fingerprint(textEncoder),
    ...(textEncoder2 && { "text encoder 2": fingerprint(textEncoder2) }),
  };
}

/** Captions that are shown. */
const mostCaptions = 6;

function datasetOf({ settings, inputs: { group } }: OpenRun): ReportData["dataset"] {
  const template = templateOf(settings);
  const captions = [...new Set(group.images.flatMap(({ caption }) => caption ?? []))];
  return {
    images: group.numTrainImages,
    regImages: group.numRegImages,
    folders: group.datasets.flatMap(({ subsets }) =>
      subsets.map(({ plan, imageCount }) => ({
        path: plan.metadataFile ?? plan.imageDir ?? "",
        images: imageCount,
        repeats: plan.numRepeats,
      })),
    ),
    resolution: [...new Set(group.datasets.map(({ plan }) => plan.resolution.join(" x ")))].join(", "),
    captions: template ? [`templates for ${template}s`] : captions.slice(0, mostCaptions),
  };
}

/** The start, thirds, the best evaluation and the end; what would stand there twice stands once. */
function columnsOf(
  { run, history }: EndedRun,
  last: readonly NdArray<Float32Array>[],
  evaluations: ReportData["evaluations"],
): StripColumn[] {
  const { settings, inputs, progress } = run;
  const { step } = progress;
  const { best } = history;
  const isLastBest = bestOf(evaluations)?.step === step;
  const column = (label: string, role: StripColumn["role"], { step: at, tables }: Snapshot): StripColumn => ({
    ...{ label, role, step: at, vectors: encodeTables(tables) },
    pictures: [null, null],
  });
  const start = settings.initWord === undefined ? "start" : `start, “${settings.initWord}”`;
  const between = [
    ...history.thirdsOf(step).map((third) => ({ ...third, role: "third" as const })),
    ...(best && !isLastBest ? [{ ...best, role: "best" as const }] : []),
  ]
    .filter(
      (one, _, all) => one.role === "best" || !all.some((other) => other.role === "best" && other.step === one.step),
    )
    .sort((a, b) => a.step - b.step);
  return [
    column(start, "start", { step: 0, tables: inputs.placeholder.initialEmbeddings }),
    ...between.map((one) => column(one.role === "best" ? `best, step ${one.step}` : `step ${one.step}`, one.role, one)),
    column(`${isLastBest ? "last and best" : "last"}, step ${step}`, "last", { step, tables: last }),
  ];
}

/** A size that every model can draw. */
function roundedSide(side: number): number {
  return Math.max(64, Math.floor(side / 64) * 64);
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
