import { parentPort, workerData } from "node:worker_threads";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { buffersToTransfer, type DType, type NdArray, type TypedArray } from "../array/index.ts";
import { type CreateSession, createCached } from "./graph-cache.ts";
import type { LoadResult, Reply, Request, RunResult, SessionSettings, WorkerStart } from "./messages.ts";

/** `session.run` blocks its thread and cannot be interrupted, so all sessions run in this thread. Opening a device waits for this file and its imports,
 *  so it imports little: with the door of `files`, which brings zod, a thread starts in twice the time. */
const ort = await import("onnxruntime-node");
const sessions = new Map<number, InferenceSession>();
const { closing } = workerData as WorkerStart;

parentPort?.on("message", async (request: Request) => {
  endIfClosing();
  let reply: Reply;
  try {
    reply = { id: request.id, result: await handle(request) };
  } catch (error) {
    reply = { id: request.id, error: error instanceof Error ? error.message : String(error) };
  }
  endIfClosing();
  const buffers = "result" in reply && reply.result && "outputs" in reply.result ? transferable(reply.result) : [];
  parentPort?.postMessage(reply, buffers);
});

/** Ends the thread once its runtime is closed. Terminating it from outside while ONNX Runtime computes would crash the whole process. */
function endIfClosing(): void {
  if (Atomics.load(closing, 0) !== 0) process.exit();
}

async function handle(request: Request): Promise<LoadResult | RunResult | undefined> {
  const start = performance.now();
  switch (request.kind) {
    case "load":
      sessions.set(request.program, await createSession(request.model, request.session));
      return { milliseconds: performance.now() - start };
    case "run": {
      const feeds = Object.fromEntries(Object.entries(request.feeds).map(([name, array]) => [name, toTensor(array)]));
      const results = await sessions.get(request.program)!.run(feeds);
      const outputs = Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, toArray(tensor)]));
      return { outputs, milliseconds: performance.now() - start };
    }
    case "release": {
      const session = sessions.get(request.program);
      sessions.delete(request.program);
      await session?.release();
      return undefined;
    }
    // only wakes the thread
    case "close":
      return undefined;
  }
}

async function createSession(model: Uint8Array, settings: SessionSettings): Promise<InferenceSession> {
  const create: CreateSession = (model, options) => ort.InferenceSession.create(model, options);
  const options = sessionOptions(settings);
  const { executionProvider, graphCache } = settings;
  if (!graphCache) return create(model, options);
  const build = `ONNX Runtime ${ort.env.versions.node}, ${process.platform} ${process.arch}, ${executionProvider}`;
  return createCached(model, graphCache, build, options, create);
}

/** Weights are memory-mapped, not prepacked into a second copy. */
function sessionOptions(settings: SessionSettings): InferenceSession.SessionOptions {
  const session: Record<string, string> = {
    disable_prepacking: "1",
    model_external_initializers_file_folder_path: settings.weightsRoot,
  };
  if (settings.refuseCpuFallback) session.disable_cpu_ep_fallback = "1";
  return {
    ...providerOptions(settings.executionProvider, session),
    graphOptimizationLevel: "extended",
    enableMemPattern: false,
    enableCpuMemArena: !settings.withoutArena,
    // failures are returned as errors; ONNX Runtime's log would only repeat them
    logSeverityLevel: 4,
    ...(settings.threads === undefined ? {} : { intraOpNumThreads: settings.threads }),
    ...(settings.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: settings.profile }),
  };
}

function providerOptions(name: string, session: Record<string, string>): InferenceSession.SessionOptions {
  if (name !== "webgpu") return { executionProviders: [name], extra: { session } };
  return {
    // our graphs are channels-first: the default layout would wrap every convolution in transposes
    executionProviders: [{ name: "webgpu", preferredLayout: "NCHW" }],
    // this optimizer makes the graph compute permuted shapes, which only the CPU can
    extra: { session, optimization: { disable_specified_optimizers: "TransposeOptimizer" } },
  };
}

function toTensor({ dtype, shape, data }: NdArray): Tensor {
  return new ort.Tensor(dtype as "float32", data as Float32Array, shape as number[]);
}

function toArray(tensor: Tensor): NdArray {
  return { dtype: tensor.type as DType, shape: tensor.dims, data: tensor.data as TypedArray };
}

function transferable(result: RunResult): ArrayBuffer[] {
  return buffersToTransfer(Object.values(result.outputs).map(({ data }) => data));
}
