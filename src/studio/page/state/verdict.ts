import { hasLearned, hasRisen, hasTurned, isTooLong } from "../../../verdict/index.ts";
import type { RunView } from "./run-view.ts";

/** What a run is doing, as far as its numbers tell now. error: the standard error of a drop; from: the loss it is a drop from. */
export type Verdict =
  /** Too little is known yet. */
  | { readonly kind: "early" }
  /** The vectors are so long that they drown the rest of a prompt. times: the length of ordinary words. */
  | { readonly kind: "drifting"; readonly times: number }
  | { readonly kind: "learning"; readonly drop: number; readonly error: number; readonly from: number }
  /** It has learned, and adds nothing any more. step: where it was best. */
  | {
      readonly kind: "settled";
      readonly drop: number;
      readonly error: number;
      readonly from: number;
      readonly step: number;
    }
  /** It was better before. */
  | { readonly kind: "worse"; readonly step: number; readonly rise: number }
  | { readonly kind: "still"; readonly drop: number; readonly error: number; readonly from: number }
  /** The vectors have hardly turned. share: of their length. */
  | { readonly kind: "unmoved"; readonly share: number }
  /** Without evaluations nobody knows. */
  | { readonly kind: "unmeasured" };

/** Steps after which a run without evaluations can be said not to move. */
const earlySteps = 20;
/** Evaluations that have to pass without a lower one before a run is said to have settled. */
const patience = 3;

/** Share of the whole drop that the last evaluations have to add in a run that goes on learning. */
const leastGain = 0.05;

/** What can be said of a run now. */
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
