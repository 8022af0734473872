import { statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { NdArray } from "../array/index.ts";
import { CoinageError, isMemoryMessage, isThreadMessage, outOfMemory, tooManyThreads } from "../errors/index.ts";
import { FilesInUse } from "../files/index.ts";
import {
  copiesOf,
  type EmittedGraph,
  emit,
  type GraphMemory,
  graphMemory,
  type Port,
  type Target,
  type Tensor,
} from "../graph/index.ts";
import { checkFeeds } from "./feeds.ts";
import type { LoadResult, Reply, Request, RunResult, SessionSettings } from "./messages.ts";

/** Where graphs run, as the user names it. "auto" is resolved before a runtime is opened. */
export const deviceNames = ["cpu", "webgpu", "cuda", "dml", "coreml"] as const;
export type DeviceName = (typeof deviceNames)[number];

export interface RuntimeOptions {
  readonly device?: DeviceName;
  /** Threads for one operator; default: the physical cores. */
  readonly threads?: number | undefined;
  /** Fail when an operator would run on the CPU although another device was asked for. */
  readonly refuseCpuFallback?: boolean;
  /** Path prefix of a profile that ONNX Runtime writes when a program is closed. */
  readonly profile?: string | undefined;
}

/** How a program is to trade memory and exactness for time. */
export interface LoadOptions {
  /** Hold no second copies of kernels for the backward pass where the device can do without them, at some time. */
  readonly withoutKernelCopies?: boolean;
  /** What products are computed in; norms, softmax and the loss are float32 in any case. */
  readonly computeDtype?: Target["computeDtype"];
  /** The program gives the memory of every result back to the system at once. Without it, memory is kept for the next result, in pieces
   *  that grow by doubling: faster where results are many and small, up to twice the memory where they are few and large. */
  readonly withoutArena?: boolean;
}

/** A device with the programs loaded on it. They share one worker thread, so the caller's thread stays free. */
export interface Runtime {
  readonly device: DeviceName;
  /** Writes a program that computes the named tensors for the device, without loading it. */
  lower(outputs: Readonly<Record<string, Tensor>>, options?: LoadOptions): LoweredProgram;
  /** The same, and loads it. @throws RUNTIME when the device refuses the graph */
  load(outputs: Readonly<Record<string, Tensor>>, options?: LoadOptions): Promise<Program>;
  /** Frees everything. */
  close(): Promise<void>;
}

/** A program that can be loaded. */
export interface LoweredProgram {
  /** Weights, copies of them and results of a run. sizes: values of the named sizes. */
  memory(sizes: ReadonlyMap<string, number>): GraphMemory;
  /** @throws RUNTIME when the device refuses the graph */
  load(): Promise<Program>;
}

/** A loaded graph. */
export interface Program {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Time that loading took. */
  readonly loadMs: number;
  /** Time that the last run took, without the way to the worker and back. */
  readonly lastRunMs: number;
  /** Computes the outputs. @throws FEED when a feed is missing, unknown or of a wrong shape or type; RUNTIME or OUT_OF_MEMORY when computing fails;
   *  WEIGHTS_CHANGED when a file of weights is no longer what it was */
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
  // its MultiHeadAttention gave wrong numbers from 32 tokens on (ONNX Runtime 1.30 on SwiftShader)
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
  const worker = new SessionWorker();
  const root = path.parse(process.cwd()).root;
  const settings = {
    executionProvider: device,
    threads: options.threads || os.availableParallelism(),
    weightsRoot: root,
    refuseCpuFallback: options.refuseCpuFallback ?? false,
    profile: options.profile,
  } satisfies Omit<SessionSettings, "withoutArena" | "keptFor">;
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
      async load() {
        const program = programs++;
        const session = {
          ...settings,
          withoutArena: options.withoutArena ?? false,
          keptFor: device === "cpu" && isWorthKeeping(graph) ? identityOf(weightFiles) : undefined,
        };
        requireUnchanged();
        const loaded = (await worker.ask({ kind: "load", program, model: graph.model, session })) as LoadResult;
        return programOf(worker, program, graph, loaded.milliseconds, requireUnchanged);
      },
    };
  };
  return {
    device,
    lower,
    load: async (outputs, options) => lower(outputs, options).load(),
    close: () => worker.close(),
  };
}

/** Nodes from which on optimizing a graph takes long enough to keep the result. */
const manyNodes = 200;
/** What is made of weights alone is kept with the graph, and so may be little only. In bytes. */
const fewCopies = 16 << 20;

function isWorthKeeping(graph: EmittedGraph): boolean {
  return graph.trace.length >= manyNodes && copiesOf(graph) <= fewCopies;
}

/** Weights are mapped into memory, so whoever writes into their file changes numbers in mid-run, and reading behind the end of one that was cut short
 *  ends the process at once (SIGBUS). @throws WEIGHTS_CHANGED */
function requireNoChange(change: string | undefined): void {
  if (change === undefined) return;
  throw new CoinageError("WEIGHTS_CHANGED", change, {
    hint: "Weights are read from where they lie while a run goes on: put a new model beside the old one, under another name.",
  });
}

/** What tells whether files are still what they were. */
function identityOf(files: Iterable<string>): string {
  const identities = [...files].map((file) => {
    const { size, mtimeMs, ctimeMs, ino } = statSync(file, { throwIfNoEntry: false }) ?? {};
    return [file, size, mtimeMs, ctimeMs, ino];
  });
  return JSON.stringify(identities);
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
      // before, for what is cut short would end the process; and after, for what was written meanwhile is in the results
      requireUnchanged();
      const result = (await worker.ask({ kind: "run", program, feeds: named })) as RunResult;
      requireUnchanged();
      lastRunMs = result.milliseconds;
      return Object.fromEntries(outputs.map(({ name, onnxName }) => [name, result.outputs[onnxName]!]));
    },
    async close() {
      await worker.ask({ kind: "release", program });
    },
  };
}

type Question = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

interface Waiting {
  readonly resolve: (result: LoadResult | RunResult | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** The worker thread with the questions it has not answered yet. */
class SessionWorker {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #questions = 0;
  #failure: Error | undefined;

  constructor() {
    // read by the native library when it is first loaded, from the environment of the main thread
    process.env.ORT_DISABLE_TELEMETRY ??= "1";
    this.#worker = spawnWorker();
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", (code) => this.#fail(new Error(`it stopped with code ${code}`)));
  }

  ask(question: Question): Promise<LoadResult | RunResult | undefined> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#questions++;
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      try {
        // what goes to the thread is copied, and for that the memory may not suffice
        this.#worker.postMessage({ ...question, id });
        this.#waiting.set(id, { resolve, reject });
      } catch (error) {
        if (this.#waiting.size === 0) this.#worker.unref();
        reject(runtimeError(String(error)));
      }
    });
  }

  async close(): Promise<void> {
    this.#failure = new CoinageError("RUNTIME", "The runtime was closed.");
    await this.#worker.terminate();
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ("error" in reply) waiting?.reject(runtimeError(reply.error));
    else waiting?.resolve(reply.result);
  }

  #fail(error: Error): void {
    this.#failure ??= runtimeError(`The computing thread broke down: ${error.message}`);
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

function runtimeError(message: string): CoinageError {
  if (isThreadMessage(message)) return tooManyThreads(message);
  if (isMemoryMessage(message)) return outOfMemory(`ONNX Runtime: ${message}`);
  return new CoinageError("RUNTIME", `ONNX Runtime: ${message}`);
}

/** Run from source the worker is TypeScript, which a thread can read only after it has installed the loader itself. */
function spawnWorker(): Worker {
  const isSource = import.meta.url.endsWith(".ts");
  if (!isSource) return new Worker(new URL("./worker.js", import.meta.url));
  const [loader, entry] = [import.meta.resolve("tsx/esm/api"), new URL("./worker.ts", import.meta.url).href];
  return new Worker(`import("${loader}").then(({ register }) => { register(); return import("${entry}"); });`, {
    eval: true,
  });
}
