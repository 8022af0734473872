import { hasLearned, hasRisen, hasTurned, isTooLong } from "../../../verdict/index.ts";
import type { RunView } from "./run-view.ts";

/** How a run is learning, by its numbers so far. error: standard error of the drop; from: loss before the drop. */
export type Verdict =
  /** Too early to say. */
  | { readonly kind: "early" }
  /** The vectors are so long that they drown out the rest of a prompt. times: their length, in lengths of ordinary words. */
  | { readonly kind: "drifting"; readonly times: number }
  | { readonly kind: "learning"; readonly drop: number; readonly error: number; readonly from: number }
  /** It has learned, and no longer improves. step: the best one. */
  | {
      readonly kind: "settled";
      readonly drop: number;
      readonly error: number;
      readonly from: number;
      readonly step: number;
    }
  /** It was better at an earlier step. */
  | { readonly kind: "worse"; readonly step: number; readonly rise: number }
  | { readonly kind: "still"; readonly drop: number; readonly error: number; readonly from: number }
  /** The vectors have hardly turned. share: distance as a share of their length. */
  | { readonly kind: "unmoved"; readonly share: number }
  /** Unknown, for lack of evaluations. */
  | { readonly kind: "unmeasured" };

/** Steps after which a run without evaluations can count as unmoved. */
const earlySteps = 20;
/** Evaluations without a new lowest one after which a run counts as settled. */
const patience = 3;

/** Share of the whole drop that the last evaluations must add in a run that is still learning. */
const leastGain = 0.05;

/** The verdict on a run so far. */
export function verdictOf({ evaluations, curves, start }: Pick<RunView, "evaluations" | "curves" | "start">): Verdict {
  const [norm, distance] = [curves.of.rowNorm?.values.at(-1), curves.of.distance?.values.at(-1)];
  const steps = curves.of.rowNorm?.steps.at(-1) ?? 0;
  if (norm !== undefined && start?.usualNorm && isTooLong(norm / start.usualNorm))
    return { kind: "drifting", times: norm / start.usualNorm };
  const share = norm && distance !== undefined ? distance / norm : undefined;
  const isUnmoved = share !== undefined && !hasTurned(share) && steps >= earlySteps;
  const last = evaluations.at(-1);
  if (evaluations.length < 2 || !last || !Number.isFinite(last.drop)) {
    if (isUnmoved) return { kind: "unmoved", share };
    return steps >= earlySteps && evaluations.length === 0 ? { kind: "unmeasured" } : { kind: "early" };
  }
  const from = last.loss + last.drop;
  const best = evaluations.reduce((a, b) => (b.loss < a.loss ? b : a));
  if (!hasLearned(best)) {
    if (isUnmoved) return { kind: "unmoved", share };
    return evaluations.length <= patience
      ? { kind: "early" }
      : { kind: "still", drop: last.drop, error: last.dropError, from };
  }
  if (hasRisen(last, best)) return { kind: "worse", step: best.step, rise: last.loss - best.loss };
  const since = evaluations.filter(({ step }) => step > best.step).length;
  const gained = (evaluations.at(-1 - patience)?.loss ?? Number.POSITIVE_INFINITY) - best.loss;
  if (since >= patience || gained < leastGain * best.drop)
    return { kind: "settled", drop: best.drop, error: best.dropError, from, step: best.step };
  return { kind: "learning", drop: last.drop, error: last.dropError, from };
}
