import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Fault, FaultyDisk, faults } from "../../test/faulty-disk.ts";
import { newestState } from "../../test/killed-run.ts";
import { trainingFolder } from "../../test/training-run.ts";
import { seededGenerators } from "../diffusion/index.ts";
import { replaceDisk } from "../files/disk.ts";
import type { TrainSettings } from "../options/index.ts";
import type { TrainingEvent } from "./events.ts";
import { save, saveAtEnd } from "./output/saving.ts";
import { openInputs, type TrainingInputs } from "./setup/inputs.ts";
import { openRun } from "./setup/open-run.ts";
import { readState } from "./state/index.ts";

const { work, settingsFor } = trainingFolder();
let settings: TrainSettings;
let inputs: TrainingInputs;
const start = process.cwd();

beforeAll(async () => {
  // files go here when the output folder cannot be written
  process.chdir(work);
  const saving = ["--save_every_n_steps", "1", "--save_state", "--save_last_n_steps", "1"];
  settings = await settingsFor("--cache_latents", "--save_model_as", "pt", "--max_train_steps", "3", ...saving);
  inputs = await openInputs(settings);
});
afterAll(() => process.chdir(start));

/** A run without networks, with random gradients; it resumes from the newest state in its folder. */
async function learn(outputDir: string): Promise<TrainingEvent[]> {
  const state = newestState(outputDir);
  const found = state === undefined ? undefined : await readState(state);
  const generators = seededGenerators(1);
  const run = await openRun({ ...settings, outputDir, resume: state }, { ...inputs, generators }, found);
  const events: TrainingEvent[] = [];
  const hear = async (saves: AsyncIterable<TrainingEvent>) => {
    for await (const event of saves) events.push(event);
  };
  const { progress, embeddings } = run;
  progress.begin();
  while (!progress.isFinished) {
    progress.openEpoch();
    progress.completeBatch(generators.python.random());
    const gradient = Float64Array.from(generators.torch.randn([96]).data);
    const result = { loss: 0, sampleLosses: [], timesteps: [], gradients: [new Map([[49408, gradient]])] };
    embeddings.step([result], run.learningRate(), progress.step);
    progress.completeStep();
    await hear(save(run, { kind: "step", step: progress.step }, true));
  }
  await hear(saveAtEnd(run));
  return events;
}

const wordIn = (file: string): Buffer => readFileSync(file);

test.each(faults)(
  "whichever operation of the disk fails (%s), a run completes or goes on from its newest state",
  async (fault: Fault) => {
    const straight = path.join(work, `straight-${fault}`);
    mkdirSync(straight);
    await learn(straight);
    const expected = wordIn(path.join(straight, "vexla.pt"));
    const counts = { completed: 0, resumed: 0 };
    for (let at = 1; ; at++) {
      const outputDir = path.join(work, `${fault}-${at}`);
      mkdirSync(outputDir);
      const disk = new FaultyDisk(at, fault);
      const restore = replaceDisk(disk);
      const outcome = await learn(outputDir)
        .then(
          (events) => ({ events }),
          (error: unknown) => ({ error }),
        )
        .finally(restore);
      disk.settle();
      if ("error" in outcome) expect(outcome.error, `operation ${at}`).toMatchObject({ code: "OUTPUT_UNWRITABLE" });
      const done = "events" in outcome ? outcome.events.find(({ kind }) => kind === "done") : undefined;
      if (done) counts.completed++;
      else {
        await learn(outputDir);
        counts.resumed++;
      }
      expect(wordIn(path.join(outputDir, "vexla.pt")).equals(expected), `operation ${at}`).toBe(true);
      if (disk.operations < at) break;
    }
    expect(counts.completed).toBeGreaterThan(0);
    expect(counts.resumed).toBeGreaterThan(0);
  },
);
