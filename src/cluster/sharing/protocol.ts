import type { z } from "zod";
import { longest } from "../protocol/job.ts";
import type { Seal } from "../protocol/signed.ts";

/** Kinds of jobs that are shared one by one, unlike the micro-batches of a step: whole runs of a sweep, sample images, and images to encode. */
export const sharedKinds = ["run", "sample", "encode"] as const;
export type SharedKind = (typeof sharedKinds)[number];

const letters: Readonly<Record<SharedKind, string>> = { run: "r", sample: "p", encode: "e" };

/** What a job fails with when its worker leaves and gives it back. It does not count as a failure. */
export const givenBack = "its worker leaves";

/** A run, as one process has started or resumed it. */
interface Incarnation {
  readonly run: string;
  readonly incarnation: string;
}

interface JobName {
  readonly index: number;
  readonly attempt: number;
}

/** The id of a job on its board and in deliveries. */
export function sharedJobId(kind: SharedKind, { index, attempt }: JobName): string {
  return `${letters[kind]}${index}-${attempt}`;
}

/** The job that an id names; undefined if it is of another kind. */
export function sharedJobName(kind: SharedKind, id: string): JobName | undefined {
  const [, letter, index, attempt] = /^([a-z])(\d+)-(\d+)$/.exec(id) ?? [];
  return letter === letters[kind] ? { index: Number(index), attempt: Number(attempt) } : undefined;
}

/** Opens the signed message of a job on a worker. @throws Error for one with a wrong signature or schema, or of another run or incarnation */
export function openJob<Job extends Incarnation>(
  seal: Seal,
  body: string,
  schema: z.ZodType<Job>,
  of: Incarnation,
): Job {
  const opened = seal.open(body, schema, longest.job);
  if ("problem" in opened) throw new Error(`a job is refused: ${opened.problem}`);
  const job = opened.message;
  if (job.run !== of.run || job.incarnation !== of.incarnation) throw new Error("a stale job");
  return job;
}

/** The result of a job, unless its worker leaves: then the job is given back at once, since a computation cannot be interrupted. @throws Error with `givenBack` */
export async function untilLeaving<Result>(compute: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  if (signal.aborted) throw new Error(givenBack);
  const computed = compute();
  return new Promise((resolve, reject) => {
    const giveBack = () => reject(new Error(givenBack));
    signal.addEventListener("abort", giveBack);
    const forget = () => signal.removeEventListener("abort", giveBack);
    computed.then(resolve, reject).finally(forget);
  });
}
