import path from "node:path";
import { mean } from "../../array/index.ts";
import { clipMerges, version } from "../../assets/index.ts";
import { tokenTables } from "../../checkpoint/index.ts";
import { digestOf, readEarlierFile } from "../../files/index.ts";
import { settingsWithEffect, type TrainSettings } from "../../options/index.ts";
import {
  bestOf,
  describeVectors,
  encodeTables,
  generateWords,
  hashesOf,
  judged,
  type ReportData,
  reportFormat,
  type StripColumn,
  sceneOf,
} from "../../report/index.ts";
import { plainWords } from "../../tokenizer/index.ts";
import { pairedDifference } from "../evaluation/statistics.ts";
import type { ChoiceEvent } from "../events.ts";
import type { ChosenRecipe } from "../recipes/apply.ts";
import { recipeMetadata } from "../recipes/summary.ts";
import type { OpenRun } from "../setup/open-run.ts";
import { templateOf } from "../setup/placeholder.ts";
import { finite, type RunHistory, type Snapshot } from "./history.ts";

/** A run at its end, for its report. */
export interface EndedRun {
  readonly run: OpenRun;
  readonly history: RunHistory;
  readonly device: string;
  /** Model and VAE as given: paths, or names on the hub. */
  readonly given: { readonly model: string; readonly vae: string | undefined };
  /** The embedding file. */
  readonly file: string;
  /** The word for prompts. */
  readonly word: string;
  readonly seconds: number;
  readonly failure: string | undefined;
}

/** The report of a run as far as it needs no networks: the strip has no images yet. */
export async function collectReport(ended: EndedRun): Promise<ReportData> {
  const { run, history, file, word, given } = ended;
  const { settings, inputs, embeddings, progress, files, warnings } = run;
  const { checkpoint, model, placeholder, group } = inputs;
  const { tokens, layers, initialEmbeddings: start } = placeholder;
  const tables = run.evaluations.chosen ?? embeddings.finished;
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
      layers,
    },
    model: {
      source: given.model,
      vae: given.vae,
      family: model.family,
      predictionType: checkpoint.predictionType.value,
      hashes: hashesOf(checkpoint),
    },
    run: {
      steps: step,
      plannedSteps: inputs.length.steps,
      seconds: ended.seconds,
      isInterrupted: !progress.isFinished,
      failure: ended.failure,
      stopReason: progress.stopReason,
      choice: history.choice && { step: chosenIn(history.choice).step, message: history.choice.message },
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
      // SDXL always uses its own layer
      clipSkip: model.family === "sdxl" ? undefined : settings.clipSkip,
      columns: columnsOf(ended, evaluations),
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

/** Most captions shown. */
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

/** The candidate that was kept. */
function chosenIn({ chosen, candidates }: ChoiceEvent): ChoiceEvent["candidates"][number] {
  return candidates.find(({ name }) => name === chosen)!;
}

/** The start, thirds, the best evaluation, the average if it is kept, and the end, without duplicates. */
function columnsOf({ run, history }: EndedRun, evaluations: ReportData["evaluations"]): StripColumn[] {
  const { settings, inputs, progress, embeddings } = run;
  const { step } = progress;
  const { chosen, best: compared } = run.evaluations;
  const { choice } = history;
  const best = compared ? { step: compared.step, tables: compared.embeddings } : history.best;
  const isLastBest = !compared && bestOf(evaluations)?.step === step;
  const column = (label: string, role: StripColumn["role"], at: Snapshot, isKept = false): StripColumn => ({
    ...{ label: isKept ? `${label}, in the file` : label, role, step: at.step, vectors: encodeTables(at.tables) },
    ...(isKept && { isKept }),
    pictures: [null, null],
  });
  const start = settings.initWord === undefined ? "start" : `start, “${settings.initWord}”`;
  const hasBest = best !== undefined && !isLastBest && best.step < step;
  const thirds = history
    .thirdsOf(step)
    .filter((third) => !hasBest || third.step !== best.step)
    .map((third) => ({ step: third.step, column: column(`step ${third.step}`, "third", third) }));
  const bests = hasBest
    ? [{ step: best.step, column: column(`best, step ${best.step}`, "best", best, choice?.chosen === "best") }]
    : [];
  const isAveraged = choice?.chosen === "averaged" && chosen !== undefined;
  const last = `${isLastBest ? "last and best" : "last"}, step ${step}`;
  return [
    column(start, "start", { step: 0, tables: inputs.placeholder.initialEmbeddings }),
    ...[...thirds, ...bests].sort((a, b) => a.step - b.step).map((one) => one.column),
    ...(isAveraged ? [column("averaged", "best", { step, tables: chosen }, true)] : []),
    column(last, "last", { step, tables: embeddings.finished }, choice?.chosen === "last"),
  ];
}

/** The side rounded down to a size that every model can draw. */
function roundedSide(side: number): number {
  return Math.max(64, Math.floor(side / 64) * 64);
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
