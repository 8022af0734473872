import { CoinageError } from "../../errors/index.ts";
import type { MicroStepResult } from "../../training/index.ts";
import { decodeGradient, decodeNumbers, decodeTokenIds } from "../protocol/arrays.ts";
import { type Job, outcomeDigest, type Result } from "../protocol/job.ts";
import { Recent } from "./recent.ts";

/** A result that is valid for its job. */
export interface Checked {
  readonly result: MicroStepResult;
  /** Equal digests mean equal bits. */
  readonly digest: string;
  /** L2 norm of its gradient. */
  readonly norm: number;
}

/** Decodes the result of a job, or says why it is not valid. */
export function checkResult(job: Job, found: Result): Checked | { readonly problem: string } {
  if (found.rowsHash !== job.rowsHash) return { problem: "it was computed with other vectors" };
  if (found.gradients.length !== job.rows.length)
    return { problem: "it has gradients of another number of text encoders" };
  const wide = found.gradients.findIndex(({ width }, i) => width !== job.rows[i]!.shape[1]);
  if (wide >= 0) return { problem: "it has gradients of another width" };
  try {
    const [loss, ...sampleLosses] = decodeNumbers(found.losses, job.samples.length + 1);
    const gradients = found.gradients.map((gradient, i) =>
      decodeGradient(gradient, decodeTokenIds(job.tokenIds[i]!).flat(2), job.want === "learnedRows"),
    );
    let squares = 0;
    for (const gradient of gradients)
      for (const row of gradient.values()) for (const value of row) squares += value * value;
    const result = { loss: loss!, sampleLosses, timesteps: job.timesteps, gradients };
    return { result, digest: outcomeDigest(found), norm: Math.sqrt(squares) };
  } catch (error) {
    if (error instanceof CoinageError) return { problem: error.message };
    throw error;
  }
}

/** How many of the last results are considered. */
const remembered = 32;
/** A gradient is an outlier if its norm is more than so many times the median. */
const outlierFactor = 10;

/** Durations and gradient norms of the last accepted results. */
export class ResultStatistics {
  readonly #expectedMs: number;
  readonly #norms = new Recent(remembered);
  readonly #durations = new Map<string, Recent>();

  /** expectedMs: duration of a job of which no result has come. */
  constructor(expectedMs: number) {
    this.#expectedMs = expectedMs;
  }

  note(size: string, milliseconds: number, norm: number): void {
    const durations = this.#durations.get(size) ?? new Recent(remembered);
    this.#durations.set(size, durations);
    durations.add(milliseconds);
    this.#norms.add(norm);
  }

  /** Median duration of jobs of a size, in milliseconds. */
  duration(size: string): number {
    return this.#durations.get(size)?.median ?? this.#expectedMs;
  }

  /** Whether a gradient's norm is so large, or not finite, that another worker must confirm the result. */
  isOutlier(norm: number): boolean {
    if (!Number.isFinite(norm)) return true;
    return this.#norms.count >= 8 && norm > outlierFactor * this.#norms.median;
  }
}
