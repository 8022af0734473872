import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { newestState, runInProcess } from "../../test/killed-run.ts";
import { ofKind, trainingFolder } from "../../test/training-run.ts";
import type { TrainingEvent } from "./index.ts";

const { work, write, flagsFor } = trainingFolder();

/** When the processes are killed: while latents are cached, while a state is written, while sample images are drawn, and at the end of an epoch.
 *  scripts/kill-test.ts does it at random. */
const deaths: ((event: TrainingEvent) => boolean)[] = [
  (event) => event.kind === "caching",
  (event) => event.kind === "saved" && event.step === 3,
  (event) => event.kind === "step" && event.step === 5,
  (event) => event.kind === "epoch",
];

test("a run that is killed again and again goes on with the numbers of one that was not, and leaves nothing of the dead", async () => {
  const prompts = write("prompts.txt", "a photo of vexla --w 64 --h 64 --s 1\n");
  const flags = (folder: string) =>
    flagsFor(
      ...["--output_dir", path.join(work, folder), "--max_train_steps", "8", "--save_model_as", "pt"],
      ...["--cache_latents", "--sample_prompts", prompts, "--sample_every_n_steps", "5"],
      ...["--shuffle_caption", "--save_every_n_steps", "1", "--save_state", "--save_last_n_steps", "1"],
    );
  mkdirSync(path.join(work, "killed"));
  const straight = await runInProcess(flags("straight"), () => false);
  const losses = new Map(ofKind(straight.events, "step").map(({ step, loss }) => [step, loss]));

  let steps = 0;
  for (const isDoomed of [...deaths, () => false]) {
    const state = newestState(path.join(work, "killed"));
    const resuming = state === undefined ? [] : ["--resume", state];
    const { events, isKilled } = await runInProcess([...flags("killed"), ...resuming], isDoomed);
    expect(isKilled).toBe(deaths.includes(isDoomed));
    for (const { step, loss } of ofKind(events, "step")) {
      expect(loss, `step ${step}`).toBe(losses.get(step));
      steps++;
    }
  }
  expect(steps).toBeGreaterThanOrEqual(8);
  const [a, b] = ["straight", "killed"].map((folder) => readFileSync(path.join(work, folder, "vexla.pt")));
  expect(a!.equals(b!)).toBe(true);
  const [expected, found] = ["straight", "killed"].map((folder) => readdirSync(path.join(work, folder)).sort());
  expect(found).toEqual(expected);
}, 300_000);
