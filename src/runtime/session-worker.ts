import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { CoinageError, isMemoryMessage, isThreadMessage, outOfMemory, tooManyThreads } from "../errors/index.ts";
import type { LoadResult, Reply, Request, RunResult, WorkerStart } from "./messages.ts";

type WithoutId<R> = R extends Request ? Omit<R, "id"> : never;

interface Waiting {
  readonly resolve: (result: LoadResult | RunResult | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** The worker thread that holds the sessions, and the requests that it has not answered yet. */
export class SessionWorker {
  readonly #worker: Worker;
  readonly #closing = new Int32Array(new SharedArrayBuffer(4));
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;
  #failure: Error | undefined;

  constructor() {
    // the native library reads this when first loaded, from the environment of the main thread
    process.env.ORT_DISABLE_TELEMETRY ??= "1";
    this.#worker = spawnWorker({ closing: this.#closing });
    this.#ended = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", (code) => this.#fail(new Error(`it exited with code ${code}`)));
  }

  request(request: WithoutId<Request>): Promise<LoadResult | RunResult | undefined> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#requests++;
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      try {
        // the message is copied to the worker, for which memory may not suffice
        this.#worker.postMessage({ ...request, id });
        this.#waiting.set(id, { resolve, reject });
      } catch (error) {
        if (this.#waiting.size === 0) this.#worker.unref();
        reject(runtimeError(String(error)));
      }
    });
  }

  /** Ends after the current computation; pending requests are not computed. */
  async close(): Promise<void> {
    this.#failure = new CoinageError("RUNTIME", "The runtime was closed.");
    Atomics.store(this.#closing, 0, 1);
    this.#worker.postMessage({ kind: "close", id: this.#requests++ } satisfies Request);
    this.#worker.ref();
    await this.#ended;
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ("error" in reply) waiting?.reject(runtimeError(reply.error));
    else waiting?.resolve(reply.result);
  }

  #fail(error: Error): void {
    this.#failure ??= runtimeError(`The worker thread failed: ${error.message}`);
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

function runtimeError(message: string): CoinageError {
  if (isThreadMessage(message)) return tooManyThreads(message);
  if (isMemoryMessage(message)) return outOfMemory(`ONNX Runtime: ${message}`);
  return new CoinageError("RUNTIME", `ONNX Runtime: ${message}`);
}

/** In a checkout the worker is TypeScript, which a thread can load only with a loader of its own, started anew with each thread. Bundled once per process, it starts in a fifth of the time. */
function spawnWorker(workerData: WorkerStart): Worker {
  const isSource = import.meta.url.endsWith(".ts");
  if (!isSource) return new Worker(new URL("./worker.js", import.meta.url), { workerData });
  bundledWorker ??= bundleWorker();
  // without the main thread's loader
  return new Worker(bundledWorker, { execArgv: [], workerData });
}

let bundledWorker: URL | undefined;

/** esbuild is a development dependency: only checkouts have it. */
function bundleWorker(): URL {
  const { buildSync } = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL("./worker.ts", import.meta.url))],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    // a data: URL has no folder in which to look for packages
    alias: { "onnxruntime-node": import.meta.resolve("onnxruntime-node") },
    external: ["file:*"],
  });
  return new URL(`data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`);
}
