import type { NdArray } from "../array/index.ts";
import type { GraphCache } from "./graph-cache.ts";

/** A request of the main thread to the worker. */
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
  | { readonly kind: "release"; readonly id: number; readonly program: number }
  | { readonly kind: "close"; readonly id: number };

/** Data with which the worker starts. */
export interface WorkerStart {
  /** Shared with the main thread; not 0: answer no more requests. */
  readonly closing: Int32Array<SharedArrayBuffer>;
}

export interface SessionSettings {
  readonly executionProvider: string;
  readonly threads: number | undefined;
  /** Folder to which the locations of weights are relative. */
  readonly weightsRoot: string;
  /** Refuse a model if any of its operators would silently run on the CPU. */
  readonly refuseCpuFallback: boolean;
  readonly profile: string | undefined;
  /** Returns the memory of every result to the system instead of keeping it in an arena for the next. */
  readonly withoutArena: boolean;
  /** undefined: the optimized graph is not cached. */
  readonly graphCache: GraphCache | undefined;
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
