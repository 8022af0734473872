import type { MicroStepContext } from "../../training/index.ts";
import { gradientRows } from "../protocol/arrays.ts";
import { type Job, outcomeDigest } from "../protocol/job.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { computeJob, type FetchBlob } from "./compute.ts";

/** How far numbers may be apart, relative to the largest, and still come from a sound machine. */
export const near = 1e-3;

/** How a worker computes, compared with the coordinator. */
export interface Numerics {
  /** the same bits; nearly; or something else. */
  readonly group: "same" | "near" | "broken";
  /** Equal where the bits of the probe are. */
  readonly digest: string;
  /** The largest difference of a number, relative to the largest number. */
  readonly difference: number;
}

/** Why a worker is not used that computes so. */
export function whyUnused({ group, difference }: Numerics, wanted: Manifest["numerics"]): string | undefined {
  const off = difference.toPrecision(2);
  if (group === "broken") return `its numbers are off by ${off}: other weights, a faulty driver or bad memory`;
  if (group === "near" && wanted === "same")
    return `it computes other bits than the coordinator (off by ${off}); --cluster_numerics any uses it`;
  return undefined;
}

/** Runs the probe of a run: a micro-batch that every machine computes once. */
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
    ...outcome.gradients.map((gradient, i) => apart(gradientRows(gradient), gradientRows(expected.gradients[i]!))),
  );
  return { group: difference <= near ? "near" : "broken", digest, difference };
}

/** The largest difference of elements, relative to the largest element; infinite for rows of other tokens or without numbers. */
function apart(ours: ReadonlyMap<number, Float64Array>, theirs: ReadonlyMap<number, Float64Array>): number {
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
