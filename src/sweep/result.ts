import { readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { mean } from "../array/index.ts";
import { digestOf, kindOfPath, makeFolder, readRegularTextFile, writeFileAtomically } from "../files/index.ts";
import { decodeReport, type ReportData } from "../report/index.ts";
import type { PlannedRun } from "./plan.ts";

const figuresSchema = z.object({
  word: z.string(),
  steps: z.int(),
  /** Loss on the frozen batch: at the start, and of the vectors in the file. */
  startLoss: z.number(),
  loss: z.number(),
  /** How far the loss has fallen: mean difference over the batch's items, and its standard error. */
  drop: z.number(),
  dropError: z.number(),
  /** Mean length of the vectors, in lengths of ordinary words. */
  length: z.number().nullable(),
  verdict: z.object({ kind: z.string(), sentence: z.string() }),
});

const schema = z.object({
  schema: z.literal(1),
  /** Digest of the settings. */
  config: z.string(),
  outcome: z.enum(["done", "stopped", "failed"]),
  /** The embedding, relative to the run's folder. */
  file: z.string().optional(),
  /** The training state that a stopped run resumes from, relative to its folder. */
  state: z.string().optional(),
  seconds: z.number().optional(),
  problem: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
  /** The worker that computed it, its device, and a digest of how that device rounds. */
  by: z.object({ worker: z.string(), device: z.string(), numerics: z.string() }).optional(),
  /** What was measured; undefined without evaluations. */
  figures: figuresSchema.optional(),
  /** Images of the word, relative to the run's folder. */
  pictures: z.array(z.string()).default([]),
});

/** The result of a run: the contents of result.json in its folder. */
export type RunResult = z.infer<typeof schema>;
export type Figures = z.infer<typeof figuresSchema>;

const resultFile = "result.json";

/** Reads the result of a run; undefined if there is none, if its settings were different, or if its embedding is missing. */
export async function readResult(folder: string, { config }: PlannedRun): Promise<RunResult | undefined> {
  const file = path.join(folder, resultFile);
  const refusal = { code: "FILE_UNREADABLE", subject: file } as const;
  try {
    const found = schema.parse(JSON.parse(await readRegularTextFile(file, "runFile", refusal)));
    const isThere = found.file === undefined || (await kindOfPath(path.join(folder, found.file))) === "file";
    return found.config === digestOf(config) && isThere ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the result of a run, with figures and images from its report. @throws OUTPUT_UNWRITABLE */
export async function writeResult(
  folder: string,
  { config }: PlannedRun,
  ended: Pick<RunResult, "outcome" | "file" | "state" | "seconds" | "problem" | "by">,
): Promise<RunResult> {
  makeFolder(folder);
  const report = ended.outcome === "done" ? await reportIn(folder, ended.file) : undefined;
  const result: RunResult = {
    ...{ schema: 1, config: digestOf(config), ...ended },
    figures: report && figuresOf(report),
    pictures: ended.outcome === "done" ? await picturesOf(folder, report) : [],
  };
  await writeFileAtomically(path.join(folder, resultFile), `${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}

async function reportIn(folder: string, embedding: string | undefined): Promise<ReportData | undefined> {
  if (embedding === undefined) return undefined;
  const file = path.join(folder, `${path.parse(embedding).name}.report.json`);
  const refusal = { code: "FILE_UNREADABLE", subject: file } as const;
  // a run without a report is still done; it only has no figures
  return readRegularTextFile(file, "reportFile", refusal).then(
    (text) => decodeReport(text, file),
    () => undefined,
  );
}

/** The figures of a report for the vectors in the file; undefined without evaluations. */
function figuresOf({ word, run, evaluations, rows, verdict }: ReportData): Figures | undefined {
  const kept = run?.choice?.step;
  const first = evaluations[0];
  const last = (kept !== undefined && evaluations.findLast(({ step }) => step <= kept)) || evaluations.at(-1);
  if (!first || !last || evaluations.length < 2) return undefined;
  const { loss, drop, dropError } = last;
  if (first.loss === null || loss === null || drop === null || dropError === null) return undefined;
  const lengths = rows.flatMap(({ norm, usualNorm }) => (norm !== null && usualNorm ? norm / usualNorm : []));
  return {
    ...{ word, steps: run?.steps ?? last.step, startLoss: first.loss, loss, drop, dropError, verdict },
    length: lengths.length > 0 ? mean(lengths) : null,
  };
}

/** Images of the vectors in the file: the report's, written as files, else the last sample images. */
async function picturesOf(folder: string, report: ReportData | undefined): Promise<string[]> {
  const columns = report?.strip.columns ?? [];
  const kept = columns.find(({ isKept }) => isKept) ?? columns.find(({ role }) => role === "last");
  const drawn = (kept?.pictures ?? []).filter((picture) => picture !== null);
  const names = drawn.map((_, i) => `picture-${i + 1}.png`);
  await Promise.all(drawn.map((picture, i) => writeFile(path.join(folder, names[i]!), Buffer.from(picture, "base64"))));
  return names.length > 0 ? names : samplesIn(folder);
}

/** Most sample images shown of a run. */
const mostPictures = 4;

async function samplesIn(folder: string): Promise<string[]> {
  const names = (await readdir(path.join(folder, "sample")).catch(() => [])).filter((name) => name.endsWith(".png"));
  return names
    .sort()
    .slice(-mostPictures)
    .map((name) => path.join("sample", name));
}

/** Removes the state of a run that is done. */
export async function removeState(folder: string, state: string | undefined): Promise<void> {
  if (state !== undefined) await rm(path.join(folder, state), { recursive: true, force: true });
}
