import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventsOf, ofKind, trainingFolder } from "../../test/training-run.ts";
import { decodePicture } from "../pictures/index.ts";
import { openRuntime, type Program, type Runtime } from "../runtime/index.ts";
import { type TrainingEvent, train } from "./index.ts";
import { openRun } from "./open-run.ts";
import { prepareRun } from "./prepare.ts";
import { Previews } from "./previews.ts";

const { write, settingsFor } = trainingFolder();

const prompts = write(
  "prompts.txt",
  "a photo of vexla --w 64 --h 64 --s 2 --d 7\nvexla --w 64 --h 64 --s 1 --ss euler_a\n",
);
const flags = ["--cache_latents", "--sample_prompts", prompts, "--output_name", "ring"];
const lossesOf = (events: readonly TrainingEvent[]) => ofKind(events, "step").map(({ loss }) => loss);
const numbersOf = (events: readonly TrainingEvent[]) =>
  ofKind(events, "sample").map(({ file, index }) => [path.basename(file).split("_")[1], index]);

describe("sample pictures", () => {
  test("are drawn at first and every so many steps, named as sd-scripts does, and change nothing in training", async () => {
    const settings = await settingsFor(...flags, "--sample_at_first", "--sample_every_n_steps", "2");
    const events = await eventsOf(settings);
    expect(numbersOf(events)).toEqual([
      ["e000000", 0],
      ["e000000", 1],
      ["000002", 0],
      ["000002", 1],
    ]);
    const samples = ofKind(events, "sample");
    expect(samples.map(({ file }) => path.basename(file)).sort()).toEqual(
      readdirSync(path.join(settings.outputDir, "sample")).sort(),
    );
    expect(path.basename(samples[0]!.file)).toMatch(/^ring_e000000_00_\d{14}_7\.png$/);
    expect(path.basename(samples[3]!.file)).toMatch(/^ring_000002_01_\d{14}\.png$/);
    expect(samples[2]).toMatchObject({ prompt: "a photo of vexla", step: 2, epoch: 1, seed: 7, width: 64, height: 64 });
    const [before, after] = [await decodePicture(samples[0]!.file), await decodePicture(samples[2]!.file)];
    expect(before.width).toBe(64);
    expect(before.data).not.toEqual(after.data);
    expect(lossesOf(events)).toEqual(lossesOf(await eventsOf(await settingsFor("--cache_latents"))));
  });

  test("leave no network loaded", async () => {
    const settings = await settingsFor(...flags, "--sample_at_first");
    const run = await openRun(settings, await prepareRun(settings));
    const runtime = openRuntime({ threads: 1 });
    const loaded = new Set<Program>();
    const watched: Runtime = {
      ...runtime,
      load: async (outputs, options) => {
        const program = await runtime.load(outputs, options);
        const own = { ...program, close: () => program.close().then(() => void loaded.delete(own)) };
        loaded.add(own);
        return own;
      },
    };
    const found: number[] = [];
    for await (const event of new Previews(run, { runtime: watched, products: "float32" }).atFirst())
      if (event.kind === "sample") found.push(loaded.size);
    await runtime.close();
    expect(found).toEqual([3, 3]);
    expect(loaded.size).toBe(0);
  });

  test("by epoch win over those by step", async () => {
    const more = ["--sample_every_n_epochs", "2", "--sample_every_n_steps", "1", "--max_train_epochs", "3"];
    const events = await eventsOf(await settingsFor(...flags, ...more, "--gradient_accumulation_steps", "6"));
    expect(numbersOf(events)).toEqual([
      ["e000002", 0],
      ["e000002", 1],
    ]);
  });

  test("that cannot be drawn, and prompts that are not there, do not end the run", async () => {
    const odd = write("odd.txt", "(vexla:1.1.1) --w 64 --h 64 --s 1\nvexla --w 64 --h 64 --s 1\n");
    const sampling = ["--cache_latents", "--sample_at_first", "--max_train_steps", "1", "--sample_prompts"];
    const events = await eventsOf(await settingsFor(...sampling, odd));
    expect(ofKind(events, "warning").at(-1)).toMatchObject({ message: expect.stringContaining("(vexla:1.1.1)") });
    expect(ofKind(events, "sample")).toHaveLength(1);
    const missing = await eventsOf(await settingsFor(...sampling, "/no/such/prompts.txt"));
    expect(ofKind(missing, "warning")).toContainEqual(expect.objectContaining({ code: "SAMPLE_PROMPT" }));
    expect(missing.at(-1)).toMatchObject({ kind: "done", step: 1 });
  });

  test("stop being drawn when the run is to stop", async () => {
    const stop = new AbortController();
    const events: TrainingEvent[] = [];
    const settings = await settingsFor(...flags, "--sample_every_n_steps", "1", "--save_every_n_steps", "1");
    for await (const event of train(settings, { signal: stop.signal })) {
      events.push(event);
      if (event.kind === "sample") stop.abort();
    }
    expect(ofKind(events, "sample")).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ kind: "done", step: 1, isInterrupted: true });
  });
});
