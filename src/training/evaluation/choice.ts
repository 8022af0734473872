import { mean, type NdArray } from "../../array/index.ts";
import type { ChoiceEvent } from "../events.ts";
import { pairedDifference } from "./statistics.ts";

/** Embeddings that may be kept at the end of a run: [vectors, width] per text encoder. */
export interface Candidate {
  readonly name: ChoiceEvent["chosen"];
  /** The step after which these were the embeddings. */
  readonly step: number;
  readonly embeddings: readonly NdArray<Float32Array>[];
}

/** A candidate with the loss of each item of the choosing batch. */
export type ScoredCandidate = Candidate & { readonly itemLosses: readonly number[] };

/** Standard errors by which another candidate must beat the last embeddings. */
const surely = 2;

/** Chooses among candidates. The first one is the last embeddings; another is chosen only if it is clearly better.
 *  Losses are paired: all candidates share images, noise and timesteps. */
export function choose(candidates: readonly ScoredCandidate[]): {
  readonly chosen: ScoredCandidate;
  readonly compared: ChoiceEvent["candidates"];
} {
  const [last] = candidates as readonly [ScoredCandidate];
  const compared = candidates.map(({ name, step, itemLosses }) => {
    const gain = pairedDifference(last.itemLosses, itemLosses);
    return { name, step, loss: mean(itemLosses), gain: gain.mean, gainError: gain.error };
  });
  const better = candidates.filter((_, i) => compared[i]!.gain > surely * compared[i]!.gainError);
  const chosen = better.reduce((best, other) => (mean(other.itemLosses) < mean(best.itemLosses) ? other : best), last);
  return { chosen, compared };
}

const names: Readonly<Record<Candidate["name"], string>> = {
  last: "the last vectors",
  averaged: "the averaged vectors",
  best: "the vectors",
};

/** A choice in words. */
export function choiceText({ chosen, candidates }: Pick<ChoiceEvent, "chosen" | "candidates">): string {
  const difference = ({ gain, gainError }: ChoiceEvent["candidates"][number]) =>
    `${Math.abs(gain).toPrecision(2)} ± ${gainError.toPrecision(2)}`;
  const named = ({ name, step }: ChoiceEvent["candidates"][number]) =>
    name === "best" ? `${names.best} after step ${step}` : names[name];
  const [last, ...others] = candidates as [ChoiceEvent["candidates"][number], ...ChoiceEvent["candidates"]];
  const taken = candidates.find(({ name }) => name === chosen)!;
  if (taken !== last)
    return `kept ${named(taken)}: their loss is lower than that of the last ones by ${difference(taken)}`;
  const compared = others.map(
    (other) => `${named(other)} ${other.gain > 0 ? "lower" : "higher"} by ${difference(other)}, `,
  );
  if (compared.length === 0) return `kept ${names.last}: there are no others to compare`;
  return `kept ${names.last}: none is surely better (loss of ${compared.join("").replace(/, $/, "")})`;
}
