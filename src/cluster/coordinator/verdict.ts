import { CoinageError } from "../../errors/index.ts";
import type { MicroStepResult } from "../../training/index.ts";
import { decodeGradient, decodeNumbers, decodeTokenIds } from "../protocol/arrays.ts";
import { type Job, outcomeDigest, type Result } from "../protocol/job.ts";

/** A result that fits its job. */
export interface Checked {
  readonly result: MicroStepResult;
  /** Equal where the bits are. */
  readonly digest: string;
  /** Length of its gradient. */
  readonly norm: number;
}

/** Reads a result as the loop takes it, or says why it cannot be one of its job. */
export function checkResult(job: Job, found: Result): Checked | { readonly problem: string } {
  if (found.rowsHash !== job.rowsHash) return { problem: "it was computed with other vectors" };
  if (found.gradients.length !== job.rows.length) return { problem: "gradients of another number of text encoders" };
  const wide = found.gradients.findIndex(({ width }, i) => width !== job.rows[i]!.shape[1]);
  if (wide >= 0) return { problem: "gradients of another width" };
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

/** How far beyond the usual length a gradient is believed at once. */
const believed = 10;

/** What results usually are: how long they take, and how long their gradients are. */
export class Usual {
  readonly #norms: number[] = [];
  readonly #durations = new Map<string, number[]>();

  note(size: string, milliseconds: number, norm: number): void {
    const durations = this.#durations.get(size) ?? [];
    this.#durations.set(size, durations);
    for (const [list, value] of [
      [durations, milliseconds],
      [this.#norms, norm],
    ] as const) {
      list.push(value);
      if (list.length > 32) list.shift();
    }
  }

  /** Median duration of jobs of a size, in milliseconds; 0 when there was none. */
  duration(size: string): number {
    return median(this.#durations.get(size) ?? []);
  }

  /** Whether a gradient is so long, or none at all, that another worker is asked as well. */
  isDoubtful(norm: number): boolean {
    if (!Number.isFinite(norm)) return true;
    return this.#norms.length >= 8 && norm > believed * median(this.#norms);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
