import type { RunPlaces } from "../../../runs/index.ts";
import type { Problem } from "../../http/problems.ts";
import type { Cell } from "./cells.ts";
import type { KeptTry, TryFacts } from "./kept.ts";

/** A wanted or drawn image, as the page gets it. */
export interface Try extends TryFacts {
  readonly run: string;
  /** cancelled: sent once, when the image is no longer wanted. */
  readonly state: "waiting" | "drawing" | "done" | "failed" | "cancelled";
  readonly checkpoint: string;
  /** Its name among the run's `tries` files. */
  readonly file?: string;
  /** Why it waits. */
  readonly reason?: string;
  /** Sampling steps done; 0 while the model is loading. */
  readonly drawnSteps?: number;
  readonly trainedSteps?: number | undefined;
  /** When it was finished, in milliseconds since 1970, and how long drawing took. */
  readonly atMs?: number;
  readonly seconds?: number | undefined;
  readonly problem?: Problem;
}

/** A wanted image that is not drawn yet. */
export interface Wanted {
  readonly run: string;
  readonly places: RunPlaces;
  readonly cell: Cell;
  /** Checkpoints with the same vectors. */
  readonly checkpoints: Set<string>;
  state: "waiting" | "drawing" | "failed";
  reason?: string | undefined;
  drawnSteps?: number | undefined;
  problem?: Problem;
  /** Aborted when the image is no longer wanted. */
  readonly giveUp: AbortController;
}

/** A wanted image for the drawing process, not for the trainer. */
export type ForGenerator = Wanted & { readonly cell: Extract<Cell, { readonly by: "generator" }> };

export function isForGenerator(one: Wanted): one is ForGenerator {
  return one.cell.by === "generator";
}

/** The key of an image, unique among all runs. */
export function keyOf(run: string, { facts }: Cell): string {
  return `${run} ${facts.id}`;
}

/** The row of an undrawn image, for one of its checkpoints. */
export function rowOf({ run, cell, state, reason, drawnSteps, problem }: Wanted, checkpoint: string): Try {
  return {
    ...{ ...cell.facts, run, checkpoint, state },
    ...(reason !== undefined && { reason }),
    ...(drawnSteps !== undefined && { drawnSteps }),
    ...(problem && { problem }),
  };
}

/** The row of a drawn image, for one of its checkpoints. */
export function rowOfKept(run: string, { checkpoints: _, ...facts }: KeptTry, checkpoint: string): Try {
  return { ...facts, run, checkpoint, state: "done", file: `${facts.id}.png` };
}
