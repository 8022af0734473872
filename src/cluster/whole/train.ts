import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { CoinageError, machineProblem } from "../../errors/index.ts";
import { withoutArrays } from "../../events/index.ts";
import { type FileValues, readTrainFlags, type TrainSettings } from "../../options/index.ts";
import { type TrainingEvent, train } from "../../training/index.ts";
import { type BlobSource, deliverBytes, undelivered } from "../blobs/source.ts";
import { type DeliveredFile, limits, type RunAnswer, workerFolder } from "./protocol.ts";

/** Device and threads of a worker. */
export interface Machine {
  readonly device: TrainSettings["device"];
  readonly threads: number;
}

/** How training ended. */
export type Trained = Pick<RunAnswer, "seconds" | "problem">;

const eventsFile = "events.jsonl";

/** Trains a run into a folder. An error of the user's or the machine's is its `problem`. step: called after each step. @throws Error when it was stopped, and
 *  bugs */
export async function trainInto(
  folder: string,
  values: FileValues,
  { device, threads }: Machine,
  { signal, step }: { readonly signal: AbortSignal; readonly step: (step: number, steps: number) => void },
): Promise<Trained> {
  await mkdir(folder, { recursive: true });
  const own = { output_dir: folder, device, threads };
  const events: string[] = [];
  let done: Extract<TrainingEvent, { readonly kind: "done" }> | undefined;
  try {
    const settings = await readTrainFlags(new Map([...values, ...Object.entries(own)]) as FileValues);
    for await (const event of train(settings, { signal, now: signal })) {
      events.push(JSON.stringify(event, withoutArrays));
      if (event.kind === "step") step(event.step, event.steps);
      if (event.kind === "done") done = event;
    }
  } catch (error) {
    const problem = error instanceof CoinageError ? error : machineProblem(error);
    if (!problem || signal.aborted) throw error;
    const { code, message, hint } = problem;
    return { seconds: 0, problem: { code, message, ...(hint !== undefined && { hint }) } };
  }
  if (!done || done.isInterrupted) throw new Error("the run was stopped");
  await writeFile(path.join(folder, eventsFile), `${events.join("\n")}\n`);
  return { seconds: done.seconds };
}

/** Names of the files of a run to deliver: embeddings, events, samples, the report's data. Paths of this machine in texts are replaced by a placeholder.
 *  own: folders of this machine, the inner ones first. */
export async function filesToDeliver(folder: string, own: readonly string[]): Promise<string[]> {
  const names = [
    ...(await readdir(folder)).filter((name) => /\.(safetensors|report\.json|jsonl)$/.test(name)),
    ...(await readdir(path.join(folder, "sample")).catch(() => []))
      .filter((name) => name.endsWith(".png"))
      .map((name) => `sample/${name}`),
  ];
  for (const name of names.filter((one) => /\.jsonl?$/.test(one))) {
    const text = await readFile(path.join(folder, name), "utf8");
    const freed = own.reduce((before, one) => before.replaceAll(inJson(one), workerFolder), text);
    await writeFile(path.join(folder, name), freed);
  }
  return names.sort();
}

/** Delivers files of a folder to the coordinator. job: id of the job. @throws CLUSTER_WEIGHTS */
export async function deliver(
  job: string,
  folder: string,
  names: readonly string[],
  source: BlobSource,
): Promise<DeliveredFile[]> {
  const delivered: DeliveredFile[] = [];
  for (const name of names) {
    const bytes = await readFile(path.join(folder, name));
    if (bytes.length > limits.fileBytesOut) throw undelivered(name, `it has ${bytes.length} bytes`);
    delivered.push({ name, ...(await deliverBytes(job, bytes, name, source)) });
  }
  return delivered;
}

/** A text escaped as in a JSON string. */
export function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
