import { createHash } from "node:crypto";
import { open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { threadId } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-node";

type Options = InferenceSession.SessionOptions;
export type CreateSession = (model: Uint8Array, options: Options) => Promise<InferenceSession>;

/** Where to cache a program's optimized graph. */
export interface GraphCache {
  readonly folder: string;
  /** Identity of the weights, which may be folded into the graph. */
  readonly weights: string;
}

/** Most graphs in the cache; the least recently used is removed first. Each takes 1 to 40 MB. */
const capacity = 24;

/** Creates a session from the cached optimized graph, which takes half as long; if there is none, optimizes the graph and caches it.
 *  The key is a hash of all bytes of the graph, of the build of the runtime and of the identity of the weights, so an entry is never out of date. Weights stay in their own
 *  files, but constants folded from weights are cached with the graph: callers do not cache graphs with many of those. The cache is optional: if it cannot be written, or an entry
 *  is damaged, the session is created without it. */
export async function createCached(
  model: Uint8Array,
  { folder, weights }: GraphCache,
  build: string,
  options: Options,
  create: CreateSession,
): Promise<InferenceSession> {
  const hash = createHash("sha256")
    .update(JSON.stringify([build, weights]))
    .update(model);
  const file = path.join(folder, `${hash.digest("hex")}.onnx`);
  return (await fromCache(file, options, create)) ?? (await intoCache(file, model, options, create));
}

async function fromCache(file: string, options: Options, create: CreateSession): Promise<InferenceSession | undefined> {
  const cached = await readFile(file).catch(() => undefined);
  if (!cached) return undefined;
  try {
    const session = await create(cached, { ...options, graphOptimizationLevel: "disabled" });
    const now = new Date();
    await utimes(file, now, now).catch(() => {});
    return session;
  } catch {
    await rm(file, { force: true }).catch(() => {});
    return undefined;
  }
}

async function intoCache(
  file: string,
  model: Uint8Array,
  options: Options,
  create: CreateSession,
): Promise<InferenceSession> {
  const unfinished = `${file}.${process.pid}-${threadId}.part`;
  try {
    const session = await create(model, { ...options, optimizedModelFilePath: unfinished });
    await finish(unfinished, file).catch(() => {});
    await prune(path.dirname(file)).catch(() => {});
    return session;
  } catch {
    // the cause is the folder or the model: without the folder, an error is about the model
    return create(model, options);
  } finally {
    await rm(unfinished, { force: true }).catch(() => {});
  }
}

async function finish(unfinished: string, file: string): Promise<void> {
  const handle = await open(unfinished, "r+");
  await handle.sync().finally(() => handle.close());
  await rename(unfinished, file);
}

/** Removes the least recently used files, in time also unfinished ones of killed runs. */
async function prune(folder: string): Promise<void> {
  const files = (await readdir(folder)).map((name) => path.join(folder, name));
  const used = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file)).mtimeMs })));
  const oldest = used.sort((a, b) => b.at - a.at).slice(capacity);
  await Promise.all(oldest.map(({ file }) => rm(file, { force: true })));
}
