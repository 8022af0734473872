import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { readEmbeddingFile } from "../../embedding/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { decodeReport, renderReport } from "../../report/index.ts";
import type { Deliveries } from "../blobs/deliveries.ts";
import { sha256 } from "../protocol/signed.ts";
import { type RunAnswer, workerFolder } from "./protocol.ts";
import { inJson } from "./train.ts";

/** Where what comes of a run goes. */
export interface Destination {
  /** Folder of the run; replaced as a whole. */
  readonly folder: string;
  readonly outputName: string;
  /** Its settings, kept beside the results. */
  readonly config: string;
  /** Paths here by those that the worker's texts have for them. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Names of files that a run brings, besides its final embedding. */
const expected = /^(?:[^/]+\.safetensors|[^/]+\.report\.json|events\.jsonl|sample\/[^/]+\.png)$/;

const pngStart = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Checks what a worker has brought for a job and puts it into the folder of its run, whole or not at all. Gives why it is refused.
 *  @throws the system's own errors */
export async function acceptRun(
  job: string,
  { files }: RunAnswer,
  deliveries: Deliveries,
  { folder, outputName, config, origins }: Destination,
): Promise<string | undefined> {
  const odd = files.find(({ name }) => !expected.test(name));
  if (odd) return `${odd.name} is no file of a run`;
  if (new Set(files.map(({ name }) => name.toLowerCase())).size < files.length) return "two files have one name";
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
    await bringTextsHome(part, names, folder, origins);
    await writeFile(path.join(part, "config.toml"), config);
    await rm(folder, { recursive: true, force: true });
    await rename(part, folder);
    return undefined;
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

/** What is wrong with files that a worker has brought. */
async function problemWith(folder: string, names: readonly string[], embedding: string): Promise<string | undefined> {
  for (const name of names) {
    const file = path.join(folder, name);
    try {
      if (name.endsWith(".safetensors")) await readEmbeddingFile(file);
      if (name.endsWith(".png") && !(await readFile(file)).subarray(0, 8).equals(pngStart))
        return `${name} is no image`;
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

/** Replaces a worker's paths by those here, and makes pages of reports: none comes from a worker. */
async function bringTextsHome(
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
