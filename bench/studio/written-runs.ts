import { appendFileSync, copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { conceptsFolder } from "../../src/assets/index.ts";
import { makeRunFolder, newRecord, type RunPlaces, takeRun, writeRecord } from "../../src/runs/index.ts";

/** Runs as the trainer leaves them, written without training: the studio reads the same files. */

const steps = 500;

async function made(root: string, name: string, when: Date): Promise<RunPlaces> {
  const places = makeRunFolder(root, name, when);
  const id = path.basename(places.folder);
  await writeRecord(places, newRecord({ id, name, word: name, wanted: "run", version: "0.0.0" }));
  return places;
}

function lineOf(seq: number, kind: string, more: object, time = Date.now()): string {
  return `${JSON.stringify({ seq, time, kind, ...more })}\n`;
}

function stepOf(step: number, of: number): object {
  const loss = 0.1 + 0.05 * Math.sin(step) ** 2 + 0.1 * Math.exp(-step / 200);
  return {
    ...{ step, steps: of, epoch: 1, epochs: 1, loss, averageLoss: loss, lr: 0.005, nextLr: 0.005 },
    ...{ samplesPerSecond: 4, remainingSeconds: (of - step) / 4, rowNorm: 0.4, gradNorm: 0.01, distance: 0.1 },
    ...{ rowNorms: [0.4], rowGradNorms: [0.01], rowDistances: [0.1], imageKeys: ["01"] },
  };
}

/** Runs of some hundred steps, all done, a minute apart. */
export async function writeManyRuns(root: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const time = Date.UTC(2026, 0, 1, 0, i);
    const places = await made(root, `word${i}`, new Date(time));
    const lines: string[] = [];
    const add = (kind: string, more: object) => lines.push(lineOf(lines.length + 1, kind, more, time));
    add("opened", { pid: 1, host: "elsewhere", version: "0.0.0" });
    for (let step = 10; step <= steps; step += 10) add("step", stepOf(step, steps));
    add("closed", { outcome: "done" });
    appendFileSync(places.journal, lines.join(""));
  }
}

/** A long run that is still in progress. */
export interface LongRun {
  readonly id: string;
  /** Its last step. */
  readonly step: () => number;
  /** Writes one more step. */
  readonly write: () => void;
  /** Releases the run. */
  readonly end: () => Promise<void>;
}

/** Writes such a run. This process holds its lock, so it counts as running. */
export async function writeLongRun(root: string, stepCount: number, samples: number): Promise<LongRun> {
  const places = await made(root, "long", new Date(Date.UTC(2026, 6, 1)));
  const lock = await takeRun(places);
  const of = 2 * stepCount;
  let seq = 0;
  let lines = [lineOf(++seq, "opened", { pid: 1, host: "elsewhere", version: "0.0.0" })];
  mkdirSync(places.samples, { recursive: true });
  const image = path.join(conceptsFolder, "orange-striped-star", "01.png");
  for (let step = 1; step <= stepCount; step++) {
    lines.push(lineOf(++seq, "step", stepOf(step, of)));
    if (step % Math.floor(stepCount / samples) === 0) {
      const file = path.join(places.samples, `long_${step}_00_42.png`);
      copyFileSync(image, file);
      const about = { file, prompt: "a photo of long", index: 0, step, epoch: 1, seed: 42, width: 128, height: 128 };
      lines.push(lineOf(++seq, "sample", about));
    }
    if (lines.length > 5000) {
      appendFileSync(places.journal, lines.join(""));
      lines = [];
    }
  }
  appendFileSync(places.journal, lines.join(""));
  let step = stepCount;
  return {
    id: path.basename(places.folder),
    step: () => step,
    end: () => lock.release(),
    write: () => appendFileSync(places.journal, lineOf(++seq, "step", stepOf(++step, of))),
  };
}
