/** Rules for judging the numbers of a run, for the report and for the studio's page: they need nothing from Node. */

import { mean, standardError } from "../array/index.ts";

/** A difference and its standard error. */
export interface Gain {
  readonly value: number;
  readonly error: number;
}

/** An evaluation whose numbers are all known. */
export interface KnownEvaluation {
  readonly step: number;
  readonly loss: number;
  /** How far the loss has fallen since the first evaluation, and the standard error of that. */
  readonly drop: number;
  readonly dropError: number;
  readonly itemLosses: readonly (number | null)[];
}

/** Standard errors that a difference must exceed to count as more than chance. */
const certain = 2;

/** Length, in lengths of ordinary words, beyond which a word drowns out the rest of a prompt. Source: position probe of DTI (word order is lost at 4 to 10). */
const tooLong = 10;

/** Angle in radians below which a word counts as not moved. */
const leastTurn = 0.1;

/** Share of the drop that a rise must undo to count: the lowest of many evaluations is low partly by chance. */
const leastRise = 0.1;

export function isMoreThanChance({ value, error }: Gain): boolean {
  return value > certain * error;
}

/** Whether vectors are so long that they drown out the rest of a prompt. ratio: their length, in lengths of ordinary words. */
export function isTooLong(ratio: number): boolean {
  return ratio > tooLong;
}

/** Whether vectors have turned away from where they started. turn: angle in radians; for less than one, distance divided by length will do. */
export function hasTurned(turn: number): boolean {
  return turn >= leastTurn;
}

/** Whether the loss has fallen by more than chance. */
export function hasLearned({ drop, dropError }: KnownEvaluation): boolean {
  return isMoreThanChance({ value: drop, error: dropError });
}

/** Whether the loss has risen since its lowest evaluation, by more than chance and by enough of the drop. */
export function hasRisen(last: KnownEvaluation, best: KnownEvaluation): boolean {
  const rise = differenceOf(last, best);
  return best.step < last.step && isMoreThanChance(rise) && rise.value > leastRise * best.drop;
}

/** The mean difference of two evaluations, item by item: they share images, noise and timesteps. */
export function differenceOf(a: KnownEvaluation, b: KnownEvaluation): Gain {
  const differences = a.itemLosses.map((loss, i) => (loss ?? Number.NaN) - (b.itemLosses[i] ?? Number.NaN));
  const count = differences.length;
  if (count < 2 || differences.some(Number.isNaN)) return { value: a.loss - b.loss, error: a.dropError };
  return { value: mean(differences), error: standardError(differences) };
}
