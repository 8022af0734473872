import { statSync } from "node:fs";
import path from "node:path";
import { cachesFolder, type Environment, makeFolder } from "../files/index.ts";
import { copiesOf, type EmittedGraph } from "../graph/index.ts";
import type { GraphCache } from "./graph-cache.ts";

/** Optimizing a graph of at least this many nodes takes long enough to cache the result. */
const manyNodes = 200;
/** Most bytes of constants folded from weights, which are cached with the graph. */
const fewCopies = 32 << 20;

/** The cache for a program's optimized graph, its folder made; undefined if caching is not worthwhile or off, or the folder cannot be made. */
export function graphCacheFor(graph: EmittedGraph, weightFiles: Iterable<string>): GraphCache | undefined {
  const folder = isWorthCaching(graph) ? graphFolder(process.env) : undefined;
  if (folder === undefined) return undefined;
  try {
    makeFolder(folder);
  } catch {
    return undefined;
  }
  return { folder, weights: identityOf(weightFiles) };
}

function isWorthCaching(graph: EmittedGraph): boolean {
  return graph.trace.length >= manyNodes && copiesOf(graph) <= fewCopies;
}

/** Folder of the cache; undefined if caching is off or there is no home folder. */
export function graphFolder(environment: Environment): string | undefined {
  const { COINAGE_CACHE } = environment;
  if (COINAGE_CACHE === "off") return undefined;
  const caches = cachesFolder(environment, "LOCALAPPDATA");
  const folder = COINAGE_CACHE || (caches && path.join(caches, "coinage"));
  return folder && path.resolve(folder, "graphs");
}

/** Size, times and inode of files: they change with the contents. */
function identityOf(files: Iterable<string>): string {
  const identities = [...files].map((file) => {
    const { size, mtimeMs, ctimeMs, ino } = statSync(file, { throwIfNoEntry: false }) ?? {};
    return [file, size, mtimeMs, ctimeMs, ino];
  });
  return JSON.stringify(identities);
}
