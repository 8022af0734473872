import type { RunPlaces } from "../../../runs/index.ts";
import type { Problem } from "../../http/problems.ts";
import type { Cell } from "./cells.ts";
import type { KeptTry, TryFacts } from "./kept.ts";

/** An image that is wanted or there, as the page is told of it. */
export interface Try extends TryFacts {
  readonly run: string;
  /** cancelled: told once, of one that is no longer wanted. */
  readonly state: "waiting" | "drawing" | "done" | "failed" | "cancelled";
  readonly checkpoint: string;
  /** Its name among the run's files of the kind `tries`. */
  readonly file?: string;
  /** Why it waits. */
  readonly reason?: string;
  /** Steps of sampling that are done; 0 while the model is loaded. */
  readonly drawnSteps?: number;
  readonly trainedSteps?: number | undefined;
  /** When it was done, in milliseconds since 1970, and what drawing it took. */
  readonly atMs?: number;
  readonly seconds?: number | undefined;
  readonly problem?: Problem;
}

/** One that is not there yet. */
export interface Wanted {
  readonly run: string;
  readonly places: RunPlaces;
  readonly cell: Cell;
  /** Checkpoints of the same vectors. */
  readonly checkpoints: Set<string>;
  state: "waiting" | "drawing" | "failed";
  reason?: string | undefined;
  drawnSteps?: number | undefined;
  problem?: Problem;
  /** Aborted when it is no longer wanted. */
  readonly giveUp: AbortController;
}

/** One that the process draws that keeps a model loaded. */
export type ForGenerator = Wanted & { readonly cell: Extract<Cell, { readonly by: "generator" }> };

export function isForGenerator(one: Wanted): one is ForGenerator {
  return one.cell.by === "generator";
}

/** What tells an image from all others. */
export function keyOf(run: string, { facts }: Cell): string {
  return `${run} ${facts.id}`;
}

/** What is told of an image that is not there yet, as one of a checkpoint. */
export function rowOf({ run, cell, state, reason, drawnSteps, problem }: Wanted, checkpoint: string): Try {
  return {
    ...{ ...cell.facts, run, checkpoint, state },
    ...(reason !== undefined && { reason }),
    ...(drawnSteps !== undefined && { drawnSteps }),
    ...(problem && { problem }),
  };
}

/** What is told of one that is there. */
export function rowOfKept(run: string, { checkpoints: _, ...facts }: KeptTry, checkpoint: string): Try {
  return { ...facts, run, checkpoint, state: "done", file: `${facts.id}.png` };
}
