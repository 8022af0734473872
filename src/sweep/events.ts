import type { AxisEffect, SweepRow } from "./table.ts";

/** What happens in a sweep. run: the name of its folder. */
export type SweepEvent =
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "sweep"; readonly folder: string; readonly runs: number; readonly done: number }
  /** by: the worker that computes it; undefined for this machine. */
  | {
      readonly kind: "begin";
      readonly run: string;
      readonly labels: readonly string[];
      readonly by: string | undefined;
    }
  | { readonly kind: "progress"; readonly run: string; readonly step: number; readonly steps: number }
  | {
      readonly kind: "ended";
      readonly run: string;
      readonly labels: readonly string[];
      readonly result: NonNullable<SweepRow["result"]>;
      /** Runs that are done, and all of them. */
      readonly done: number;
      readonly total: number;
    }
  /** A run is given out once more. */
  | { readonly kind: "again"; readonly run: string; readonly why: string }
  /** A worker is there, is gone, or is not used. */
  | {
      readonly kind: "worker";
      readonly worker: string;
      readonly state: "joined" | "left" | "refused";
      readonly why?: string;
    }
  | { readonly kind: "queue"; readonly isUp: boolean; readonly why?: string }
  /** The end, or where it was interrupted. */
  | {
      readonly kind: "table";
      readonly axes: readonly string[];
      readonly rows: readonly SweepRow[];
      readonly effects: readonly AxisEffect[];
      /** What sweep.json holds. */
      readonly data: object;
      readonly files: { readonly data: string; readonly page: string };
      readonly isComplete: boolean;
    };
