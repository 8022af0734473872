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
  /** On the frozen batch: at the start, and of the vectors in the file. */
  startLoss: z.number(),
  loss: z.number(),
  /** How far it has fallen, as the mean of the items' differences, and the standard error of that. */
  drop: z.number(),
  dropError: z.number(),
  /** Mean length of the vectors over that of ordinary words. */
  length: z.number().nullable(),
  verdict: z.object({ kind: z.string(), sentence: z.string() }),
});

const schema = z.object({
  schema: z.literal(1),
  /** Digest of the settings. */
  config: z.string(),
  outcome: z.enum(["done", "stopped", "failed"]),
  /** The embedding, in the folder of the run. */
  file: z.string().optional(),
  /** The training state that a stopped run goes on from, in its folder. */
  state: z.string().optional(),
  seconds: z.number().optional(),
  problem: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
  /** The worker that has computed it, on what, and a digest of how that rounds. */
  by: z.object({ worker: z.string(), device: z.string(), numerics: z.string() }).optional(),
  /** What was measured; undefined without evaluations. */
  figures: figuresSchema.optional(),
  /** Images of the word, in the folder of the run. */
  pictures: z.array(z.string()).default([]),
});

/** What a run of a sweep has come to: what its folder's result.json holds. */
export type RunResult = z.infer<typeof schema>;
export type Figures = z.infer<typeof figuresSchema>;

const resultFile = "result.json";

/** What is known of a run in its folder; undefined where it was not begun, or with other settings. */
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

/** Notes what a run has come to, with what its report tells. @throws OUTPUT_UNWRITABLE */
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
  // without a report there is nothing to compare, and the run is as good
  return readRegularTextFile(file, "reportFile", refusal).then(
    (text) => decodeReport(text, file),
    () => undefined,
  );
}

/** The figures of a report, at the vectors in the file; undefined without evaluations. */
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

/** Images of the vectors in the file: those of the report, which become files, else the sample images that were drawn last. */
async function picturesOf(folder: string, report: ReportData | undefined): Promise<string[]> {
  const columns = report?.strip.columns ?? [];
  const kept = columns.find(({ isKept }) => isKept) ?? columns.find(({ role }) => role === "last");
  const drawn = (kept?.pictures ?? []).filter((picture) => picture !== null);
  const names = drawn.map((_, i) => `picture-${i + 1}.png`);
  await Promise.all(drawn.map((picture, i) => writeFile(path.join(folder, names[i]!), Buffer.from(picture, "base64"))));
  return names.length > 0 ? names : samplesIn(folder);
}

/** Images shown of a run. */
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
