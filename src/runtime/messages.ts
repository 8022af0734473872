import type { NdArray } from "../array/index.ts";

/** What the main thread asks of the worker that holds the sessions. */
export type Request =
  | {
      readonly kind: "load";
      readonly id: number;
      readonly program: number;
      readonly model: Uint8Array;
      readonly session: SessionSettings;
    }
  | {
      readonly kind: "run";
      readonly id: number;
      readonly program: number;
      readonly feeds: Readonly<Record<string, NdArray>>;
    }
  | { readonly kind: "release"; readonly id: number; readonly program: number };

export interface SessionSettings {
  readonly executionProvider: string;
  readonly threads: number | undefined;
  /** Folder that weight locations are relative to. */
  readonly weightsRoot: string;
  /** Refuse a model of which any operator would run on the CPU behind the device's back. */
  readonly refuseCpuFallback: boolean;
  readonly profile: string | undefined;
  /** Give the memory of every result back at once, instead of keeping it for others. */
  readonly withoutArena: boolean;
  /** Keep the optimized graph on disk for the next time, as long as this is the same: what the weights are. */
  readonly keptFor: string | undefined;
}

export interface LoadResult {
  readonly milliseconds: number;
}

export interface RunResult {
  readonly outputs: Readonly<Record<string, NdArray>>;
  readonly milliseconds: number;
}

export type Reply =
  | { readonly id: number; readonly result: LoadResult | RunResult | undefined }
  | { readonly id: number; readonly error: string };
