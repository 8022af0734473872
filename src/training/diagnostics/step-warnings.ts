import type { NdArray } from "../../array/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { StepOutcome } from "../loop/embeddings.ts";
import { mean, rowLengths } from "../loop/statistics.ts";
import type { WordReading } from "./placeholder-reader.ts";

export interface Sign {
  readonly code: string;
  readonly message: string;
  /** What counts as the same sign; the message unless said. */
  readonly key?: string;
}

/** What tells how far a run will move the word. */
export interface Outlook {
  readonly settings: TrainSettings;
  /** Name of the optimizer. */
  readonly optimizer: string;
  /** Start rows per text encoder. */
  readonly rows: readonly NdArray<Float32Array>[];
  /** Learning rate of every step. */
  readonly learningRates: readonly number[];
}

/** Radians a word should turn by in all at least, and in one step at most. */
const [leastTurn, largestTurn] = [1, 0.5];
/** Radians a word usually turns by in a step: 5e-4 to 5e-3 for Stable Diffusion 1. */
const usualTurns = [0.03, 0.35] as const;

/** Optimizers that move every number by about the learning rate each step, whatever the gradient's size. */
const rateSizedSteps = /^(adamw?|adamw8bit|pagedadamw\w*|adamwschedulefree|lion\w*|pagedlion8bit|nadam|radam|adamax)$/i;

/** How far the rows can turn: about lr sqrt(width) / |row| radians a step. Warnings only: settings run as given. */
export function turnSigns({ settings, optimizer, rows, learningRates }: Outlook): Sign[] {
  if (!rateSizedSteps.test(optimizer)) return [];
  const radiansPerRate = Math.max(...rows.map((table) => Math.sqrt(table.shape[1]!) / mean(rowLengths(table))));
  if (!Number.isFinite(radiansPerRate)) return [];
  const first = learningRates[0]! * radiansPerRate;
  const whole = learningRates.reduce((sum, rate) => sum + rate, 0) * radiansPerRate;
  const rate = `a learning rate of ${settings.learningRate}`;
  const [low, high] = usualTurns.map((turn) => (turn / radiansPerRate).toExponential(0));
  const advice = `Usual are ${usualTurns.join(" to ")} radians a step at first, here learning rates of ${low} to ${high}, and more than ${leastTurn} in all.`;
  if (whole < leastTurn) {
    const turn = whole.toPrecision(2);
    const message = `With ${rate} the word can turn by only about ${turn} radians in the whole run (steps: ${learningRates.length}), too little to become something else. ${advice}`;
    return [{ code: "LEARNING_RATE_SMALL", message }];
  }
  if (first <= largestTurn) return [];
  const message = `With ${rate} the word turns by about ${first.toPrecision(2)} radians in the first step alone. ${advice}`;
  return [{ code: "LEARNING_RATE_LARGE", message }];
}

/** What can be told of a step that was just made. */
export interface StepView {
  readonly outcome: StepOutcome;
  readonly optimizer: string;
  /** Whether it was the first of a run that goes on from no state. */
  readonly isFirst: boolean;
  /** What the text encoder got of the word in the captions of the step. */
  readonly readings: () => readonly WordReading[];
  /** Of the learned rows after the step, row by row. */
  readonly rowNorms: readonly number[];
  readonly rowDistances: readonly number[];
  /** Mean length of ordinary words' vectors, of the table each row belongs to. */
  readonly usualNorms: readonly number[];
  /** Factor of the loss in the next step, where products are computed in float16. */
  readonly lossScale?: number | undefined;
}

/** Signs, after a step, that something is wrong. */
export function signsOfStep(view: StepView): Sign[] {
  if (view.outcome.isSkipped && view.lossScale !== undefined) return [overflow(view.lossScale)];
  if (view.outcome.isSkipped)
    return [{ code: "GRADIENT_NOT_FINITE", message: "A gradient was not a finite number; that step changed nothing." }];
  return [...firstStepSigns(view), ...longRows(view)];
}

/** A gradient beyond float16 is nothing unusual while the scale finds its place; below 1 there is no place left to find. */
function overflow(lossScale: number): Sign {
  const key = "LOSS_SCALE";
  const message =
    lossScale >= 1
      ? `A gradient went beyond float16, so that step changed nothing, and the loss scale was halved to ${lossScale}. Now and then this is usual.`
      : "Gradients go beyond float16 whatever the loss scale, so steps change nothing: train without --mixed_precision.";
  return { code: "LOSS_SCALE", key: lossScale >= 1 ? key : `${key} lost`, message };
}

function firstStepSigns({ outcome, optimizer, isFirst, rowNorms, rowDistances, readings }: StepView): Sign[] {
  if (!isFirst) return [];
  if (outcome.rowGradNorms.every((norm) => norm === 0))
    return [
      { code: "GRADIENT_ZERO", message: `The first step had no gradient at the word: ${reasonOfNone(readings())}.` },
    ];
  // Where the learning rate alone tells the size of a step, it was judged before.
  if (rateSizedSteps.test(optimizer)) return [];
  const turn = Math.max(...rowDistances.map((distance, i) => distance / rowNorms[i]!));
  if (turn <= largestTurn) return [];
  return [
    {
      code: "LEARNING_RATE_LARGE",
      message: `The first step moved the word by ${turn.toPrecision(2)} of its length: lower the learning rate. A usual step moves it by some hundredths.`,
    },
  ];
}

/** Why captions gave no gradient. */
function reasonOfNone(readings: readonly WordReading[]): string {
  const counts = [
    { count: readings.filter(({ tokens }) => tokens === 0).length, what: "empty or dropped" },
    { count: readings.filter(({ tokens, word }) => tokens > 0 && word === "missing").length, what: "without it" },
    { count: readings.filter(({ word }) => word === "cut").length, what: "cut off before it" },
  ].filter(({ count }) => count > 0);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  if (total < readings.length)
    return "its captions hold it, but its pictures do not count in the loss (masks, or a loss weight of 0)";
  if (readings.length > 1 && counts.length === 1)
    return `all ${readings.length} of its captions are ${counts[0]!.what}`;
  const all = `of its ${readings.length} captions `;
  return `${readings.length === 1 ? "its caption is " : all}${counts
    .map(({ count, what }) => (readings.length === 1 ? what : `${count} ${count === 1 ? "is" : "are"} ${what}`))
    .join(", ")}`;
}

/** How many times the usual length of a word is far too long. */
const longFactor = 10;

function longRows({ rowNorms, usualNorms }: StepView): Sign[] {
  const row = rowNorms.findIndex((norm, i) => norm > longFactor * usualNorms[i]!);
  if (row < 0) return [];
  return [
    {
      code: "ROWS_LONG",
      key: "ROWS_LONG",
      message: `A vector of the word has become ${rowNorms[row]!.toPrecision(2)} long; words of this model are about ${usualNorms[row]!.toPrecision(2)} long, learned ones up to some times that. Such a word drowns the rest of a prompt: lower the learning rate, or use an earlier save.`,
    },
  ];
}
