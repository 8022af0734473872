import type { AxisEffect, SweepRow } from "./table.ts";

/** What happens in a sweep. run: name of the run's folder. */
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
      /** Runs done so far, and runs in all. */
      readonly done: number;
      readonly total: number;
    }
  /** A run is issued again. */
  | { readonly kind: "again"; readonly run: string; readonly why: string }
  /** A worker joins, leaves or is refused. */
  | {
      readonly kind: "worker";
      readonly worker: string;
      readonly state: "joined" | "left" | "refused";
      readonly why?: string;
    }
  | { readonly kind: "queue"; readonly isUp: boolean; readonly why?: string }
  /** The last event, also of an interrupted sweep. */
  | {
      readonly kind: "table";
      readonly axes: readonly string[];
      readonly rows: readonly SweepRow[];
      readonly effects: readonly AxisEffect[];
      /** Contents of sweep.json. */
      readonly data: object;
      readonly files: { readonly data: string; readonly page: string };
      readonly isComplete: boolean;
    };
