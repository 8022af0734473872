import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { readEmbeddingFile } from "../../embedding/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { decodeReport, renderReport } from "../../report/index.ts";
import type { Deliveries } from "../blobs/deliveries.ts";
import { sha256 } from "../protocol/signed.ts";
import { type RunAnswer, workerFolder } from "./protocol.ts";
import { inJson } from "./train.ts";

/** Where the results of a run are put. */
export interface Destination {
  /** The run's folder; replaced as a whole. */
  readonly folder: string;
  readonly outputName: string;
  /** The run's settings, written beside its results. */
  readonly config: string;
  /** Paths on this machine by the placeholders that a worker's texts have for them. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Names of files that a worker may deliver for a run. */
const expectedFiles = /^(?:[^/]+\.safetensors|[^/]+\.report\.json|events\.jsonl|sample\/[^/]+\.png)$/;

const pngStart = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Checks the files that a worker has delivered for a job and moves them into the run's folder, all or none. Gives why they are refused; undefined if they are
 *  accepted. @throws the system's own errors */
export async function acceptRun(
  job: string,
  { files }: RunAnswer,
  deliveries: Deliveries,
  { folder, outputName, config, origins }: Destination,
): Promise<string | undefined> {
  const odd = files.find(({ name }) => !expectedFiles.test(name));
  if (odd) return `${odd.name} is not a file that a run writes`;
  if (new Set(files.map(({ name }) => name.toLowerCase())).size < files.length) return "two files have the same name";
  const embedding = `${outputName}.safetensors`;
  if (!files.some(({ name }) => name === embedding)) return `${embedding} is missing`;
  const part = path.join(path.dirname(folder), `.${path.basename(folder)}.part`);
  await rm(part, { recursive: true, force: true });
  try {
    for (const { name, sha256: digest, bytes } of files) {
      const delivered = deliveries.fileOf(job, digest);
      if ((await stat(delivered).catch(() => undefined))?.size !== bytes) return `${name} was not delivered`;
      await mkdir(path.dirname(path.join(part, name)), { recursive: true });
      await copyFile(delivered, path.join(part, name));
    }
    const names = files.map(({ name }) => name);
    const problem = await problemWith(part, names, embedding);
    if (problem !== undefined) return problem;
    await localizeTexts(part, names, folder, origins);
    await writeFile(path.join(part, "config.toml"), config);
    await rm(folder, { recursive: true, force: true });
    await rename(part, folder);
    return undefined;
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

/** What is wrong with delivered files; undefined if nothing is. */
async function problemWith(folder: string, names: readonly string[], embedding: string): Promise<string | undefined> {
  for (const name of names) {
    const file = path.join(folder, name);
    try {
      if (name.endsWith(".safetensors")) await readEmbeddingFile(file);
      if (name.endsWith(".png") && !(await readFile(file)).subarray(0, 8).equals(pngStart))
        return `${name} is not a PNG image`;
      if (!name.endsWith(".report.json")) continue;
      const report = decodeReport(await readFile(file, "utf8"), name);
      const own = names.includes(report.embedding.file) ? path.join(folder, report.embedding.file) : undefined;
      const digest = own && sha256(await readFile(own));
      if (digest !== report.embedding.sha256) return `${name} is the report of another embedding than ${embedding}`;
    } catch (error) {
      if (!(error instanceof CoinageError)) throw error;
      return `${name}: ${error.message}`;
    }
  }
  return undefined;
}

/** Replaces placeholders of paths by those of this machine, and renders report pages: HTML is never taken from a worker. */
async function localizeTexts(
  part: string,
  names: readonly string[],
  folder: string,
  origins: ReadonlyMap<string, string>,
): Promise<void> {
  for (const name of names.filter((one) => /\.jsonl?$/.test(one))) {
    const file = path.join(part, name);
    const text = [...origins, [`${workerFolder}/out`, folder] as const].reduce(
      (before, [theirs, ours]) => before.replaceAll(theirs, () => inJson(ours)),
      await readFile(file, "utf8"),
    );
    await writeFile(file, text);
    if (name.endsWith(".report.json"))
      await writeFile(file.replace(/\.json$/, ".html"), renderReport(decodeReport(text, name)));
  }
}
