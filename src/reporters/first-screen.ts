import { familyNames } from "../checkpoint/index.ts";
import { type DatasetReport, type DatasetSummary, type SubsetSummary, settingsOf } from "../dataset/index.ts";

import { durationText, plural } from "../errors/index.ts";
import { quotedWord } from "../files/index.ts";
import type { RecipeSummary, RunPlan, RunSummary } from "../training/index.ts";
import { bytesText, entry } from "./texts.ts";

/** The facts of a run before its first step, in sd-scripts' order: device, model, word, images, optimizer, length. */
export function firstScreen(run: RunSummary): string[] {
  const { numTrainImages, numRegImages, batchesPerEpoch, epochs, steps } = run;
  const predicts = run.predictionType === "epsilon" ? "noise" : "velocity";
  const [images = "", ...datasets] = datasetLines(run.dataset);
  return [
    entry("device", `${run.device} (${run.deviceReason})`),
    entry("model", run.model),
    entry("", `${familyNames[run.family]}, predicts ${predicts} (${run.predictionReason})`),
    entry("new word", `${wordText(run)}, starts from ${startText(run)}`),
    entry("images", images),
    ...datasets.map((line) => entry("", line)),
    ...recipeLines(run.recipe),
    entry(
      "optimizer",
      `${run.optimizer}, ${run.stepAngle === undefined ? `learning rate ${run.learningRate}` : `steps of ${run.stepAngle} radians`}, schedule ${run.schedule}, seed ${run.seed}`,
    ),
    entry("training", `num train images * repeats: ${numTrainImages}, num reg images: ${numRegImages}`),
    entry("", `num batches per epoch: ${batchesPerEpoch}, num epochs: ${epochs}`),
    entry("", batchText(run)),
    entry("", `total optimization steps: ${steps}`),
    ...(run.resumed ? [entry("resumes", resumedText(run.resumed))] : []),
    entry("memory", memoryText(run.expectedPeakBytes, run.availableBytes)),
    entry(
      "time",
      `about ${durationText(Math.max(1, run.expectedSeconds))} for ${lengthText(steps, run.expectedImages)}`,
    ),
  ];
}

/** Most characters in a line of flags. */
const flagsWidth = 110;

/** The recipe, the settings it chose as flags to paste, and those that the user's own settings replaced. */
function recipeLines(recipe: RecipeSummary | undefined): string[] {
  if (!recipe) return [];
  const { name, reason, fit, chosen, overridden } = recipe;
  const text = (words: readonly string[]) => words.map((word) => quotedWord(word)).join(" ");
  return [
    entry("recipe", `${name}${reason === undefined ? "" : ` (auto: ${reason})`}, which stands for`),
    ...wrapFlags(chosen.map(text)).map((line) => entry("", `  ${line}`)),
    ...(fit ? [entry("", `fitted to ${fit.time}: ${fitText(fit)}`)] : []),
    ...overridden.map(({ given, instead }) =>
      entry("", `given: ${given.length > 0 ? text(given) : "off"}, instead of ${text(instead)}`),
    ),
  ];
}

function fitText({ steps, side, perStep }: NonNullable<RecipeSummary["fit"]>): string {
  return `${plural(steps, "step")} with images of ${side} pixels, about ${stepText(perStep)} each`;
}

/** Flags wrapped into lines, each on the same line as its value. */
function wrapFlags(flags: readonly string[]): string[] {
  const lines: string[] = [];
  for (const flag of flags) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + flag.length > flagsWidth) lines.push(flag);
    else lines[lines.length - 1] = `${last} ${flag}`;
  }
  return lines;
}

/** "about 5.9 GB at most, of 24.1 GB free" */
function memoryText(peakBytes: number, availableBytes: number | undefined): string {
  const free = availableBytes === undefined ? "" : `, of ${bytesText(availableBytes)} free`;
  return `about ${bytesText(peakBytes)} at most${free}`;
}

function resumedText({ folder, step, epoch }: NonNullable<RunSummary["resumed"]>): string {
  return `after step ${step} (epoch ${epoch}), from ${folder}`;
}

function startText({ initWord }: RunSummary): string {
  return initWord === undefined ? "the mean of all words" : `"${initWord}"`;
}

/** Batch sizes of the dataset config, which override the setting that sd-scripts prints. */
function batchText({ batchSize, accumulationSteps, dataset: { datasets } }: RunSummary): string {
  const sizes = datasets.length > 0 ? [...new Set(datasets.map((dataset) => dataset.batchSize))] : [batchSize];
  const totals = sizes.map((size) => size * accumulationSteps);
  return `batch size: ${sizes.join(", ")}, gradient accumulation steps: ${accumulationSteps}, total batch size: ${totals.join(", ")}`;
}

/** "mycat mycat1, ids 49408 to 49409", and the layers, if any. */
export function wordText({ tokens, tokenIds, layers }: Pick<RunSummary, "tokens" | "tokenIds" | "layers">): string {
  const perLayer = layers ? ` for each of ${layers.length} layers (${layers[0]} to ${layers.at(-1)})` : "";
  return `${tokens.join(" ")}${perLayer}, ${idsText(tokenIds)}`;
}

/** "id 49408", "ids 49408 to 49411". */
function idsText(ids: readonly number[]): string {
  return ids.length < 2 ? `id ${ids[0]}` : `ids ${ids[0]} to ${ids.at(-1)}`;
}

/** Estimated memory and time of a run, also with other settings. */
export function planText(plan: RunPlan): string[] {
  const { weights, copies, results, peak } = plan.memory;
  const rest = peak - weights - copies - results;
  return [
    entry("device", `${plan.device} (${plan.deviceReason})`),
    entry("model", plan.model),
    ...recipeLines(plan.recipe),
    entry("memory", memoryText(peak, plan.availableBytes)),
    entry("", `weights as stored in the file ${bytesText(weights)}, copies of weights ${bytesText(copies)}`),
    entry("", `activations ${bytesText(results)}, other ${bytesText(rest)}`),
    entry(
      "time",
      `about ${stepText(plan.secondsPerStep)} a step, ${durationText(Math.max(1, plan.seconds))} for ${lengthText(plan.steps, plan.images)}`,
    ),
    ...plan.alternatives.map(({ flags, memory, secondsPerStep }, i) =>
      entry(i === 0 ? "or with" : "", `${flags}: ${bytesText(memory.peak)}, ${stepText(secondsPerStep)} a step`),
    ),
  ];
}

/** "200 steps and 16 sample images" */
function lengthText(steps: number, images: number): string {
  return `${plural(steps, "step")}${images > 0 ? ` and ${plural(images, "sample image")}` : ""}`;
}

function stepText(seconds: number): string {
  return `${seconds.toPrecision(2)} s`;
}

/** The images of a run: one line for all of them, then those of each dataset. */
export function datasetLines({ datasets, numTrainImages, numRegImages, batchesPerEpoch }: DatasetReport): string[] {
  const regularization = numRegImages > 0 ? `, ${numRegImages} regularization images` : "";
  return [
    `${numTrainImages} images with repeats${regularization}, ${batchesPerEpoch} batches per epoch`,
    ...datasets.flatMap(summaryLines),
  ];
}

function summaryLines(dataset: DatasetSummary, index: number): string[] {
  const { kind, batchSize, resolution, resizeInterpolation, bucketing, subsets, buckets, meanAspectError } = dataset;
  const lines = [
    `dataset ${index} (${kind}): resolution ${resolution.join("x")}, batch size ${batchSize}, resized by ${resizeInterpolation ?? "area or lanczos"}`,
    bucketing
      ? `  buckets of ${bucketing.minSide} to ${bucketing.maxSide} in steps of ${bucketing.step}${bucketing.noUpscale ? ", no enlarging" : ""}`
      : "  no buckets",
    ...subsets.flatMap(subsetLines),
    ...buckets.map(({ resolution: size, count }, k) => `  bucket ${k}: ${size.join("x")}, ${count} images`),
  ];
  if (meanAspectError !== undefined) lines.push(`  mean error of aspect ratio ${meanAspectError.toFixed(4)}`);
  return lines;
}

function subsetLines({ directory, imageCount, plan }: SubsetSummary): string[] {
  const settings = settingsOf(plan).map(([key, value]) => (value === true ? key : `${key} ${JSON.stringify(value)}`));
  return [
    `  ${directory}: ${imageCount} images x ${plan.numRepeats} repeats`,
    ...(settings.length > 0 ? [`    ${settings.join(", ")}`] : []),
  ];
}
