import { createHash } from "node:crypto";
import { open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { threadId } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-node";
import { cachesFolder, type Environment, makeFolder } from "../files/index.ts";

type Options = InferenceSession.SessionOptions;
export type CreateSession = (model: Uint8Array, options: Options) => Promise<InferenceSession>;

/** Graphs kept; beyond that the one that was not used for longest goes. They take 1 to 30 MB each. */
const mostKept = 24;

/** Makes a session from the graph as the runtime optimized it the last time, which takes half as long; where there is none, optimizes it and keeps it for the next time.
 *  A graph is known by all its bytes and by the circumstances (the runtime's version, what the weights are), so what is kept is never out of date. Weights stay where they lie, but what was
 *  made of weights alone is kept with the graph: callers keep none with much of that. Nothing depends on the folder: where it cannot be written, or what is in it is damaged, the session is
 *  made as ever. */
export async function createKept(
  model: Uint8Array,
  circumstances: readonly string[],
  options: Options,
  create: CreateSession,
): Promise<InferenceSession> {
  const folder = graphFolder(process.env);
  if (!folder) return create(model, options);
  const hash = createHash("sha256").update(JSON.stringify(circumstances)).update(model);
  const file = path.join(folder, `${hash.digest("hex")}.onnx`);
  return (await fromKept(file, options, create)) ?? (await keeping(file, model, options, create));
}

/** Folder of kept graphs; undefined where none are to be kept, or there is no home to keep them in. */
export function graphFolder(environment: Environment): string | undefined {
  const { COINAGE_CACHE } = environment;
  if (COINAGE_CACHE === "off") return undefined;
  const caches = cachesFolder(environment, "LOCALAPPDATA");
  const folder = COINAGE_CACHE || (caches && path.join(caches, "coinage"));
  return folder && path.resolve(folder, "graphs");
}

async function fromKept(file: string, options: Options, create: CreateSession): Promise<InferenceSession | undefined> {
  const kept = await readFile(file).catch(() => undefined);
  if (!kept) return undefined;
  try {
    const session = await create(kept, { ...options, graphOptimizationLevel: "disabled" });
    const now = new Date();
    await utimes(file, now, now).catch(() => {});
    return session;
  } catch {
    await rm(file, { force: true }).catch(() => {});
    return undefined;
  }
}

async function keeping(
  file: string,
  model: Uint8Array,
  options: Options,
  create: CreateSession,
): Promise<InferenceSession> {
  const unfinished = `${file}.${process.pid}-${threadId}.part`;
  try {
    makeFolder(path.dirname(file));
    const session = await create(model, { ...options, optimizedModelFilePath: unfinished });
    await finish(unfinished, file).catch(() => {});
    await prune(path.dirname(file)).catch(() => {});
    return session;
  } catch {
    // the folder or the model: without the folder it is seen which
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

/** What a run that was killed left unfinished goes in time, too. */
async function prune(folder: string): Promise<void> {
  const files = (await readdir(folder)).map((name) => path.join(folder, name));
  const used = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file)).mtimeMs })));
  const oldest = used.sort((a, b) => b.at - a.at).slice(mostKept);
  await Promise.all(oldest.map(({ file }) => rm(file, { force: true })));
}
