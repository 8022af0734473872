import { mean, standardError } from "../array/index.ts";
import { plural } from "../errors/index.ts";
import {
  differenceOf,
  type Gain,
  hasLearned,
  hasRisen,
  hasTurned,
  isMoreThanChance,
  isTooLong,
  type KnownEvaluation,
} from "../verdict/index.ts";
import type { ReportData, ReportedEvaluation, Verdict } from "./data.ts";

/** The facts that a run is judged by. */
export interface LearningFacts {
  /** Steps done. */
  readonly steps: number;
  /** Step of the vectors in the file, if they were chosen by comparison. */
  readonly keptStep?: number | undefined;
  readonly evaluations: readonly ReportedEvaluation[];
  /** Mean angle of the vectors to their start, in radians. */
  readonly angle?: number | undefined;
  /** Norm of the longest vector over that of ordinary words in its text encoder. */
  readonly normRatio?: number | undefined;
  /** Drift over the reference drift of swapped nouns. */
  readonly driftRatio?: number | undefined;
  /** Fall of the training loss from the first to the last fifth of the run, with its standard error. */
  readonly trainingDrop?: Gain | undefined;
}

/** Drift ratio beyond which a word drowns the rest of a prompt. */
const tooMuchDrift = 3;

/** Share of the whole fall in the last fifth of a run beyond which it is still learning. */
const stillFalling = 0.15;

/** The parts of a report that the verdict depends on. */
type Judged = Pick<ReportData, "run" | "rows" | "evaluations" | "drift" | "curves">;

/** A report with its verdict. */
export function judged<Report extends Judged>(report: Report): Report & { readonly verdict: Verdict } {
  return { ...report, verdict: verdictOf(factsOf(report)) };
}

function factsOf({ run, rows, evaluations, drift, curves }: Judged): LearningFacts {
  const angles = rows.flatMap(({ angle }) => angle ?? []);
  const ratios = rows.flatMap(({ norm, usualNorm }) => (norm !== null && usualNorm ? norm / usualNorm : []));
  return {
    steps: run?.steps ?? 0,
    keptStep: run?.choice?.step,
    evaluations,
    angle: angles.length > 0 ? mean(angles) : undefined,
    normRatio: ratios.length > 0 ? Math.max(...ratios) : undefined,
    driftRatio: drift && drift.reference > 0 ? drift.value / drift.reference : undefined,
    trainingDrop: dropOf(curves.loss),
  };
}

/** Fall of a loss from its first fifth to its last; undefined for too few points. */
function dropOf(losses: readonly (number | null)[]): Gain | undefined {
  const known = losses.filter((loss) => loss !== null);
  const fifth = Math.floor(known.length / 5);
  if (fifth < 3) return undefined;
  const [first, last] = [known.slice(0, fifth), known.slice(-fifth)];
  return { value: mean(first) - mean(last), error: Math.hypot(standardError(first), standardError(last)) };
}

/** The verdict on a run in one plain sentence, with advice. Without evaluations it is based on norms, angles and losses alone. */
export function verdictOf(facts: LearningFacts): Verdict {
  const known = facts.evaluations.filter(isKnown);
  return known.length < 2 ? unmeasured(facts) : measured(facts, known);
}

/** The gain of a run by its evaluations: fall of the loss as a share of the first, at the step of the vectors in the file. */
export function gainOf(evaluations: readonly ReportedEvaluation[], keptStep?: number): Gain | undefined {
  const known = evaluations.filter(isKnown);
  const first = known[0];
  const last = (keptStep !== undefined && known.findLast(({ step }) => step <= keptStep)) || known.at(-1);
  if (!first || !last || known.length < 2 || first.loss <= 0) return undefined;
  return { value: last.drop / first.loss, error: last.dropError / first.loss };
}

/** The evaluation with the lowest loss. */
export function bestOf(evaluations: readonly ReportedEvaluation[]): ReportedEvaluation | undefined {
  const known = evaluations.filter(isKnown);
  return known.length === 0 ? undefined : known.reduce((best, one) => (one.loss < best.loss ? one : best));
}

type Known = ReportedEvaluation & KnownEvaluation;

function isKnown(one: ReportedEvaluation): one is Known {
  return one.loss !== null && one.drop !== null && one.dropError !== null;
}

function measured(facts: LearningFacts, evaluations: readonly Known[]): Verdict {
  const last = evaluations.at(-1)!;
  const best = bestOf(evaluations) as Known;
  if (!hasLearned(best)) return nothing(facts, best);
  if (facts.keptStep === undefined && hasRisen(last, best))
    return {
      kind: "overfit",
      sentence: `Overfit: the evaluation loss was lowest at step ${best.step} and has risen since; use step ${best.step}: train again with --keep best, or for ${best.step} steps.`,
    };
  const { value, error } = gainOf(evaluations, facts.keptStep)!;
  const gain = `the evaluation loss is ${percent(value)} ± ${percent(error)} lower than at the start`;
  const loud = loudness(facts);
  if (loud)
    return {
      kind: "weak",
      sentence: `Learned weakly: ${gain}, but ${loud}, so it will drown the rest of a prompt; train again with a lower learning rate or --norm_control fixed.`,
    };
  if (facts.keptStep === undefined && isStillFalling(evaluations, facts.steps))
    return {
      kind: "weak",
      sentence: `Learned weakly: ${gain} and was still falling at the end; train longer, for about ${2 * facts.steps} steps.`,
    };
  const which =
    facts.keptStep === undefined || facts.keptStep === facts.steps
      ? ""
      : `; the file has the vectors of step ${facts.keptStep}, the best of ${plural(facts.steps, "step")}`;
  return { kind: "learned", sentence: `Learned: ${gain}${which}.` };
}

function nothing({ steps, angle, normRatio }: LearningFacts, best: Known): Verdict {
  const change = `the evaluation loss fell by no more than chance explains (${signed(best.drop)} ± ${best.dropError.toPrecision(2)})`;
  const because = () => {
    if (angle !== undefined && !hasTurned(angle))
      return `the vectors turned by only ${angle.toPrecision(2)} radians in ${plural(steps, "step")}: raise the learning rate, or train longer`;
    if (normRatio !== undefined && isTooLong(normRatio))
      return `the vectors have grown to ${normRatio.toPrecision(2)} times the length of ordinary words: lower the learning rate`;
    return `${change}: check that captions have the word and that the images have in common what it stands for, or start from a closer --init_word`;
  };
  return { kind: "nothing", sentence: `Nothing learned, because ${because()}.` };
}

function unmeasured({ steps, angle, normRatio, trainingDrop, ...facts }: LearningFacts): Verdict {
  if (angle !== undefined && !hasTurned(angle))
    return {
      kind: "nothing",
      sentence: `Nothing learned, because the vectors turned by only ${angle.toPrecision(2)} radians in ${plural(steps, "step")}: raise the learning rate, or train longer.`,
    };
  const loud = loudness({ steps, normRatio, ...facts });
  const told = [
    angle === undefined ? undefined : `turned by ${angle.toPrecision(2)} radians`,
    normRatio === undefined ? undefined : `are ${normRatio.toPrecision(2)} times as long as those of ordinary words`,
  ].filter((text) => text !== undefined);
  const moved = told.length === 0 ? "" : `: the vectors ${told.join(" and ")}${lossText(trainingDrop)}`;
  const so = loud
    ? "; such a word drowns the rest of a prompt: train again with a lower learning rate"
    : "; look at the images, or train with --eval_every_n_steps 10 to know";
  return { kind: "unmeasured", sentence: `Whether it has learned was not measured${moved}${so}.` };
}

function lossText(drop: Gain | undefined): string {
  if (!drop) return "";
  return isMoreThanChance(drop)
    ? ", and the training loss fell by more than its noise"
    : ", and the training loss did not fall by more than its noise";
}

/** Why a word drowns the rest of a prompt; undefined if it does not. */
function loudness({ normRatio = 0, driftRatio = 0 }: LearningFacts): string | undefined {
  if (isTooLong(normRatio))
    return `its vectors are ${normRatio.toPrecision(2)} times as long as those of ordinary words`;
  if (driftRatio > tooMuchDrift)
    return `it changes the words after it ${driftRatio.toPrecision(2)} times as much as swapping two nouns does`;
  return undefined;
}

/** Whether the loss fell in the last fifth of a run by a good part of the whole fall, and by more than chance. */
function isStillFalling(evaluations: readonly Known[], steps: number): boolean {
  const last = evaluations.at(-1)!;
  const before = evaluations.findLast(({ step }) => step <= 0.8 * steps && step < last.step);
  if (!before || evaluations.length < 4) return false;
  const fall = differenceOf(before, last);
  return isMoreThanChance(fall) && fall.value > stillFalling * last.drop;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function signed(number: number): string {
  return number < 0 ? `−${(-number).toPrecision(2)}` : number.toPrecision(2);
}
