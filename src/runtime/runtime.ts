import { createHash } from "node:crypto";
import os from "node:os";
import path from "node:path";
import type { NdArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { FilesInUse } from "../files/index.ts";
import {
  type EmittedGraph,
  emit,
  type GraphMemory,
  graphMemory,
  type Port,
  type Target,
  type Tensor,
} from "../graph/index.ts";
import { checkFeeds } from "./feeds.ts";
import { graphCacheFor } from "./graph-cache-choice.ts";
import type { LoadResult, RunResult, SessionSettings } from "./messages.ts";
import { SessionWorker } from "./session-worker.ts";

/** Device names for `--device`. "auto" is resolved before a runtime is opened. */
export const deviceNames = ["cpu", "webgpu", "cuda", "dml", "coreml"] as const;
export type DeviceName = (typeof deviceNames)[number];

export interface RuntimeOptions {
  readonly device?: DeviceName;
  /** Threads within one operator; default: the available cores. */
  readonly threads?: number | undefined;
  /** Fail if an operator would run on the CPU although another device was requested. */
  readonly refuseCpuFallback?: boolean;
  /** Path prefix for the profile that ONNX Runtime writes when a program is closed. */
  readonly profile?: string | undefined;
}

/** How a program trades memory and precision for time. */
export interface LoadOptions {
  /** Hold no flipped copies of convolution kernels for the backward pass if the device can do without, at some cost in time. */
  readonly withoutKernelCopies?: boolean;
  /** The dtype of convolutions, matrix products and attention; norms, softmax and the loss are always float32. */
  readonly computeDtype?: Target["computeDtype"];
  /** Return the memory of every result to the system at once. Otherwise an arena keeps it for the next result, in chunks that grow by
   *  doubling: faster for many small results, up to twice the memory for a few large ones. */
  readonly withoutArena?: boolean;
}

/** A device and the programs loaded on it. They share one worker thread, so the caller's thread stays free. */
export interface Runtime {
  readonly device: DeviceName;
  /** Threads within one operator. */
  readonly threads: number;
  /** Lowers the named tensors to a program for the device, without loading it. */
  lower(outputs: Readonly<Record<string, Tensor>>, options?: LoadOptions): LoweredProgram;
  /** Lowers and loads. @throws RUNTIME if the device refuses the graph */
  load(outputs: Readonly<Record<string, Tensor>>, options?: LoadOptions): Promise<Program>;
  /** Frees everything. */
  close(): Promise<void>;
}

/** A program lowered for a device, not yet loaded. */
export interface LoweredProgram {
  /** Memory of the weights, of copies of them, and of the results in a run. sizes: values of the named sizes. */
  memory(sizes: ReadonlyMap<string, number>): GraphMemory;
  /** A digest of the graph, independent of where its weights lie: equal on all machines and devices that build the same graph. */
  digest(): string;
  /** @throws RUNTIME if the device refuses the graph */
  load(): Promise<Program>;
}

/** A loaded graph. */
export interface Program {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Duration of loading. */
  readonly loadMs: number;
  /** Duration of the last run, without the transfer to the worker and back. */
  readonly lastRunMs: number;
  /** Computes the outputs. @throws FEED if a feed is missing, unknown or has the wrong shape or dtype; RUNTIME or OUT_OF_MEMORY if the run fails;
   *  WEIGHTS_CHANGED if a weight file has changed since it was opened */
  run(feeds: Readonly<Record<string, NdArray>>): Promise<Record<string, NdArray>>;
  /** Frees the session and its weights. */
  close(): Promise<void>;
}

const native: Target = {
  convDataGradient: "transposed",
  hasFusedMatmul: true,
  hasHalfLookup: true,
  hasAttention: true,
  halfWeights: "converted",
  computeDtype: "float32",
};

const targets: Readonly<Record<DeviceName, Target>> = {
  cpu: { ...native, convDataGradient: "balanced", halfWeights: "stored" },
  // its MultiHeadAttention is wrong from 32 tokens on (ONNX Runtime 1.30 on SwiftShader)
  webgpu: { ...native, convDataGradient: "flipped", hasFusedMatmul: false, hasHalfLookup: false, hasAttention: false },
  cuda: native,
  dml: native,
  coreml: { ...native, convDataGradient: "flipped", hasFusedMatmul: false, hasAttention: false },
};

function targetOf(device: DeviceName, { withoutKernelCopies, computeDtype }: LoadOptions): Target {
  const target: Target = { ...targets[device], ...(computeDtype && { computeDtype }) };
  return withoutKernelCopies && device === "cpu" ? { ...target, convDataGradient: "flippedAtUse" } : target;
}

export function openRuntime(options: RuntimeOptions = {}): Runtime {
  const device = options.device ?? "cpu";
  const threads = options.threads || os.availableParallelism();
  const worker = new SessionWorker();
  const root = path.parse(process.cwd()).root;
  const settings = {
    executionProvider: device,
    threads,
    weightsRoot: root,
    refuseCpuFallback: options.refuseCpuFallback ?? false,
    profile: options.profile,
  } satisfies Omit<SessionSettings, "withoutArena" | "graphCache">;
  let programs = 0;
  const files = new FilesInUse();
  const lower: Runtime["lower"] = (outputs, options = {}) => {
    const weightFiles = new Set<string>();
    const requireUnchanged = () => requireNoChange(files.changeOf(weightFiles));
    const locationOf = (file: string) => {
      weightFiles.add(file);
      files.note(file);
      return path.relative(root, file);
    };
    const graph = emit(outputs, { target: targetOf(device, options), locationOf });
    return {
      memory: (sizes) => graphMemory(graph, sizes),
      digest: () => digestOfGraph(outputs, options),
      async load() {
        const program = programs++;
        const session = {
          ...settings,
          withoutArena: options.withoutArena ?? false,
          graphCache: device === "cpu" ? graphCacheFor(graph, weightFiles) : undefined,
        };
        requireUnchanged();
        const loaded = (await worker.request({ kind: "load", program, model: graph.model, session })) as LoadResult;
        return programOf(worker, program, graph, loaded.milliseconds, requireUnchanged);
      },
    };
  };
  return {
    device,
    threads,
    lower,
    load: async (outputs, options) => lower(outputs, options).load(),
    close: () => worker.close(),
  };
}

function digestOfGraph(outputs: Readonly<Record<string, Tensor>>, options: LoadOptions): string {
  const files: string[] = [];
  const locationOf = (file: string) => {
    if (!files.includes(file)) files.push(file);
    return String(files.indexOf(file));
  };
  const target = targetOf("cpu", { ...options, computeDtype: "float32" });
  return createHash("sha256").update(emit(outputs, { target, locationOf }).model).digest("hex");
}

/** Weights are memory-mapped, so writing to their file changes results during a run, and reading beyond the end of a truncated file kills the process
 *  (SIGBUS). @throws WEIGHTS_CHANGED */
function requireNoChange(change: string | undefined): void {
  if (change === undefined) return;
  throw new CoinageError("WEIGHTS_CHANGED", change, {
    hint: "Weights are read from the file throughout a run: save a new model under another name instead of overwriting this one.",
  });
}

function programOf(
  worker: SessionWorker,
  program: number,
  { inputs, outputs }: Pick<EmittedGraph, "inputs" | "outputs">,
  loadMs: number,
  requireUnchanged: () => void,
): Program {
  let lastRunMs = 0;
  return {
    inputs,
    outputs,
    loadMs,
    get lastRunMs() {
      return lastRunMs;
    },
    async run(feeds) {
      checkFeeds(inputs, feeds);
      const named = Object.fromEntries(inputs.map(({ name, onnxName }) => [onnxName, feeds[name]!]));
      // before the run, because a truncated file would kill the process; after it, because a write during the run affects the results
      requireUnchanged();
      const result = (await worker.request({ kind: "run", program, feeds: named })) as RunResult;
      requireUnchanged();
      lastRunMs = result.milliseconds;
      return Object.fromEntries(outputs.map(({ name, onnxName }) => [name, result.outputs[onnxName]!]));
    },
    async close() {
      await worker.request({ kind: "release", program });
    },
  };
}
