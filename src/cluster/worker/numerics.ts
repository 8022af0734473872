import type { MicroStepContext } from "../../training/index.ts";
import { gradientRows } from "../protocol/arrays.ts";
import { type Job, outcomeDigest } from "../protocol/job.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { computeJob, type FetchBlob } from "./compute.ts";

/** Largest difference from the coordinator's numbers, relative to the largest of them, that rounding explains. */
export const tolerance = 1e-3;

/** A worker's result of the probe, compared with the coordinator's. */
export interface Numerics {
  /** same: equal bits; near: within the tolerance; broken: beyond it. */
  readonly group: "same" | "near" | "broken";
  /** Of the result: equal digests mean equal bits. */
  readonly digest: string;
  /** Largest difference of an element, relative to the largest element. */
  readonly difference: number;
}

/** Why a worker with these numerics is not used; undefined if it is. */
export function whyUnused({ group, difference }: Numerics, wanted: Manifest["numerics"]): string | undefined {
  const off = difference.toPrecision(2);
  if (group === "broken") return `its numbers are off by ${off}: wrong weights, a faulty driver or bad memory`;
  if (group === "near" && wanted === "same")
    return `it computes other bits than the coordinator (off by ${off}); --cluster_numerics any uses it`;
  return undefined;
}

/** Computes the probe of a run, a micro-batch that every machine computes once, and compares the gradients. */
export async function probe(
  job: Job,
  expected: Manifest["probe"],
  context: MicroStepContext,
  fetch: FetchBlob,
): Promise<Numerics> {
  const outcome = await computeJob(job, context, fetch);
  const digest = outcomeDigest(outcome);
  if (digest === expected.digest) return { group: "same", digest, difference: 0 };
  const difference = Math.max(
    ...outcome.gradients.map((gradient, i) =>
      relativeDifference(gradientRows(gradient), gradientRows(expected.gradients[i]!)),
    ),
  );
  return { group: difference <= tolerance ? "near" : "broken", digest, difference };
}

/** The largest difference of an element, relative to the largest element; infinite for rows of other tokens, and where a number is not finite. */
function relativeDifference(
  ours: ReadonlyMap<number, Float64Array>,
  theirs: ReadonlyMap<number, Float64Array>,
): number {
  if (ours.size !== theirs.size) return Number.POSITIVE_INFINITY;
  let [largest, difference] = [0, 0];
  for (const [id, row] of theirs)
    for (const [i, value] of row.entries()) {
      largest = Math.max(largest, Math.abs(value));
      difference = Math.max(difference, Math.abs(value - (ours.get(id)?.[i] ?? Number.NaN)));
    }
  const relative = difference / largest;
  return Number.isFinite(relative) ? relative : Number.POSITIVE_INFINITY;
}
