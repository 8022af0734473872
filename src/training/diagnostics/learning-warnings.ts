import { mean, type NdArray, rowNorms } from "../../array/index.ts";
import { plural } from "../../errors/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { StepOutcome } from "../loop/embeddings.ts";
import { hasRateSizedSteps } from "../optimizers/index.ts";
import type { Warning } from "../warnings.ts";
import type { PlaceholderReading } from "./placeholder-reader.ts";

/** What determines how far a run will move the embeddings. */
interface Outlook {
  readonly settings: TrainSettings;
  /** Name of the optimizer. */
  readonly optimizer: string;
  /** [vectors, width] per text encoder. */
  readonly initialEmbeddings: readonly NdArray<Float32Array>[];
  /** Learning rate of every step. */
  readonly learningRates: readonly number[];
}

/** In radians: the least turn of embeddings in a whole run, and the largest in one step. */
const [leastTurn, largestTurn] = [1, 0.5];
/** Usual turn of embeddings in a step, in radians: learning rates of 5e-4 to 5e-3 for Stable Diffusion 1. */
const usualTurns = [0.03, 0.35] as const;

/** Warns if the embeddings can turn too little or too far. A step turns them by its angle, or by about lr sqrt(width) / norm radians. */
export function learningRateWarnings({ settings, optimizer, initialEmbeddings, learningRates }: Outlook): Warning[] {
  const { stepAngle, learningRate } = settings;
  if (stepAngle === undefined && !hasRateSizedSteps(optimizer)) return [];
  const radiansPerRate =
    stepAngle === undefined
      ? Math.max(...initialEmbeddings.map((rows) => Math.sqrt(rows.shape[1]!) / mean(rowNorms(rows))))
      : 1;
  if (!Number.isFinite(radiansPerRate)) return [];
  const first = learningRates[0]! * radiansPerRate;
  const whole = learningRates.reduce((sum, rate) => sum + rate, 0) * radiansPerRate;
  const rate = stepAngle === undefined ? `a learning rate of ${learningRate}` : `--step_angle ${stepAngle}`;
  const [low, high] = usualTurns.map((turn) => (turn / radiansPerRate).toExponential(0));
  const here = stepAngle === undefined ? `, here learning rates of ${low} to ${high},` : "";
  const advice = `Usual are ${usualTurns.join(" to ")} radians in the first steps${here} and more than ${leastTurn} in total.`;
  if (whole < leastTurn) {
    const turn = whole.toPrecision(2);
    const message = `With ${rate} the word can turn by only about ${turn} radians in the whole run (${plural(learningRates.length, "step")}), too little to learn much. ${advice}`;
    return [{ code: "LEARNING_RATE_SMALL", message }];
  }
  if (first <= largestTurn) return [];
  const message = `With ${rate} the word turns by about ${first.toPrecision(2)} radians in the first step alone${stepAngle === undefined ? "" : ", which erases the word it starts from"}. ${advice}`;
  return [{ code: "LEARNING_RATE_LARGE", message }];
}

/** What warnings about a step depend on. */
export interface StepView {
  readonly outcome: StepOutcome;
  readonly optimizer: string;
  /** Whether it was the first step of a run without --resume. */
  readonly isFirst: boolean;
  /** How the text encoder read the word in the step's captions. */
  readonly readings: () => readonly PlaceholderReading[];
  /** Whether a warning has already said that no caption has the placeholder tokens. */
  readonly hasNoCaption?: boolean;
  /** Norm of each embedding after the step. */
  readonly norms: readonly number[];
  readonly distances: readonly number[];
  /** For each embedding, the mean norm of ordinary tokens' embeddings in its text encoder. */
  readonly usualNorms: readonly number[];
  /** Loss scale of the next step, if products are computed in float16. */
  readonly lossScale: number | undefined;
}

/** Warnings about a step. */
export function stepWarnings(view: StepView): Warning[] {
  if (view.outcome.isSkipped && view.lossScale !== undefined) return [overflow(view.lossScale)];
  if (view.outcome.isSkipped)
    return [{ code: "GRADIENT_NOT_FINITE", message: "A gradient was not a finite number; that step changed nothing." }];
  return [...firstStepWarnings(view), ...longEmbeddings(view)];
}

/** Overflows of float16 are normal while the loss scale adapts; a scale below 1 is not. */
function overflow(lossScale: number): Warning {
  const key = "LOSS_SCALE";
  const message =
    lossScale >= 1
      ? `A gradient overflowed float16, so that step changed nothing and the loss scale was halved to ${lossScale}. Occasional overflows are normal.`
      : "Gradients overflow float16 at any loss scale, so steps change nothing: train without --mixed_precision.";
  return { code: "LOSS_SCALE", key: lossScale >= 1 ? key : `${key} lost`, message };
}

function firstStepWarnings({
  outcome,
  optimizer,
  isFirst,
  hasNoCaption,
  norms,
  distances,
  readings,
}: StepView): Warning[] {
  if (!isFirst) return [];
  if (outcome.embeddingGradNorms.every((norm) => norm === 0)) {
    if (hasNoCaption) return [];
    const message = `The first step had no gradient for the word: ${reasonOfNone(readings())}.`;
    return [{ code: "GRADIENT_ZERO", message }];
  }
  // learningRateWarnings has judged these already
  if (hasRateSizedSteps(optimizer)) return [];
  const turn = Math.max(...distances.map((distance, i) => distance / norms[i]!));
  if (turn <= largestTurn) return [];
  return [
    {
      code: "LEARNING_RATE_LARGE",
      message: `The first step moved the word by ${turn.toPrecision(2)} of its length: lower the learning rate. A typical step moves it by a few hundredths.`,
    },
  ];
}

/** Why the captions gave no gradient. */
function reasonOfNone(readings: readonly PlaceholderReading[]): string {
  const counts = [
    { count: readings.filter(({ tokens }) => tokens === 0).length, what: "empty or dropped" },
    { count: readings.filter(({ tokens, word }) => tokens > 0 && word === "missing").length, what: "without it" },
    { count: readings.filter(({ word }) => word === "cut").length, what: "cut off before it" },
  ].filter(({ count }) => count > 0);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  if (total < readings.length)
    return "its captions have it, but its images do not count in the loss (masks, or a loss weight of 0)";
  if (readings.length > 1 && counts.length === 1)
    return `all ${readings.length} of its captions are ${counts[0]!.what}`;
  const all = `of its ${readings.length} captions `;
  return `${readings.length === 1 ? "its caption is " : all}${counts
    .map(({ count, what }) => (readings.length === 1 ? what : `${count} ${count === 1 ? "is" : "are"} ${what}`))
    .join(", ")}`;
}

/** Embeddings this many times as long as ordinary words' are far too long. */
const longFactor = 10;

function longEmbeddings({ norms, usualNorms }: StepView): Warning[] {
  const long = norms.findIndex((norm, i) => norm > longFactor * usualNorms[i]!);
  if (long < 0) return [];
  return [
    {
      code: "ROWS_LONG",
      key: "ROWS_LONG",
      message: `A vector of the word has grown to a length of ${norms[long]!.toPrecision(2)}; tokens of this model have about ${usualNorms[long]!.toPrecision(2)}, learned ones up to a few times that. Such a word drowns out the rest of a prompt: lower the learning rate, or use an earlier save.`,
    },
  ];
}
