import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventsOf, ofKind, trainingFolder } from "../../../test/training-run.ts";
import { decodePicture } from "../../pictures/index.ts";
import { openRuntime, type Program, type Runtime } from "../../runtime/index.ts";
import { type TrainingEvent, train } from "../index.ts";
import { openInputs } from "../setup/inputs.ts";
import { openRun } from "../setup/open-run.ts";
import { readPreviews } from "./preview-requests.ts";
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

  test("of the run's own prompts, asked for, are drawn as the run draws them, and told as they were written", async () => {
    const once = ["--sample_every_n_steps", "1", "--max_train_steps", "1", "--num_vectors_per_token", "2"];
    const settings = await settingsFor(...flags, ...once);
    let asked = [
      { prompt: "a photo of vexla", seed: 7 },
      { prompt: "a photo of vexla", seed: 8 },
    ];
    const commands = () => {
      const now = asked.map((one) => ({ command: "sample" as const, ...one, answer: () => {} }));
      asked = [];
      return now;
    };
    const samples: Extract<TrainingEvent, { kind: "sample" }>[] = [];
    for await (const event of train({ settings, warnings: [] }, { commands }))
      if (event.kind === "sample") samples.push(event);
    const pictures = await Promise.all(samples.map(({ file }) => decodePicture(file)));
    const ofOwn = samples.flatMap(({ step, seed }, i) => (step === 1 && seed === 7 ? [pictures[i]!.data] : []));
    expect(ofOwn).toHaveLength(2);
    expect(ofOwn[0]).toEqual(ofOwn[1]);
    expect(samples.find(({ seed }) => seed === 8)).toMatchObject({ width: 64, height: 64, prompt: "a photo of vexla" });
  });

  test("leave no network loaded", async () => {
    const settings = await settingsFor(...flags, "--sample_at_first");
    const run = await openRun(settings, await openInputs(settings));
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
    for await (const event of new Previews(run, { runtime: watched, computeDtype: "float32" }).atFirst())
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

  const sampling = ["--cache_latents", "--sample_at_first", "--max_train_steps", "1", "--sample_prompts"];

  test("whose prompts are not there do not end the run", async () => {
    const missing = await eventsOf(await settingsFor(...sampling, "/no/such/prompts.txt"));
    expect(ofKind(missing, "warning")).toContainEqual(expect.objectContaining({ code: "SAMPLE_PROMPT" }));
    expect(missing.at(-1)).toMatchObject({ kind: "done", step: 1 });
  });

  let inputs: ReturnType<typeof openInputs> | undefined;
  test.each([
    ["width 1e300", "PROMPT_INVALID", { width: 1e300 }],
    ["height 1e300", "PROMPT_INVALID", { height: 1e300 }],
    ["a size of too many pixels", "PICTURE_SIZE", { width: 20_000, height: 20_000 }],
    ["steps 1e300", "PROMPT_INVALID", { sample_steps: 1e300 }],
    ["scale 1e308", "PROMPT_INVALID", { scale: 1e308 }],
    ["seed -1e300", "PROMPT_INVALID", { seed: -1e300 }],
    ["seed 0.5", "PROMPT_INVALID", { seed: 0.5 }],
    ["a weight that is none", "PROMPT_WEIGHT_INVALID", { prompt: "(vexla:1.1.1)" }],
    ["a weight that is none in the negative prompt", "PROMPT_WEIGHT_INVALID", { negative_prompt: "(a:1.1.1)" }],
  ])("that cannot be drawn are refused before the run: %s", async (_, code, fields) => {
    const file = write("odd.json", JSON.stringify([{ prompt: "vexla" }, { prompt: "vexla", ...fields }]));
    const settings = await settingsFor(...sampling, file);
    inputs ??= openInputs(settings);
    const where = expect.stringContaining("odd.json, prompt 2");
    await expect(readPreviews(settings, await inputs)).rejects.toMatchObject({ code, where });
  });

  test("that are monstrous end no run: it does not begin", async () => {
    const huge = [{ prompt: "a", width: 1e300, height: 1e300, seed: -1e300, sample_steps: 1e300, scale: 1e308 }];
    const settings = await settingsFor(...sampling, write("huge.json", JSON.stringify(huge)));
    await expect(eventsOf(settings)).rejects.toMatchObject({ code: "PROMPT_INVALID" });
  });

  test.each([
    ["a dog", /No sample prompt has "vexla".*learned\.$/],
    ["a vexlla", /No sample prompt has "vexla".*"vexlla"/],
  ])("none of which shows the word are told of: %s", async (prompt, message) => {
    const run = await settingsFor(...sampling, write("none.txt", `${prompt} --w 64 --h 64 --s 1\n`));
    inputs ??= openInputs(run);
    const { warnings } = await readPreviews(run, await inputs);
    expect(warnings).toEqual([{ code: "SAMPLE_PROMPT", message: expect.stringMatching(message) }]);
    const shown = await settingsFor(...sampling, write("case.txt", "a dog\na VEXLA --w 64 --h 64 --s 1\n"));
    const read = await readPreviews(shown, await inputs);
    expect(read.warnings).toEqual([]);
    expect(read.requests[1]!.prompt).toBe("a vexla");
  });

  test("that fail, whatever the reason, are warnings; the others are drawn", async () => {
    const settings = await settingsFor(...flags, "--sample_at_first");
    const run = await openRun(settings, await openInputs(settings));
    const runtime = openRuntime({ threads: 1 });
    let loads = 0;
    const outOfMemory: Runtime = {
      ...runtime,
      load: async (...asked) => {
        if (++loads === 2) throw new RangeError("Array buffer allocation failed");
        return runtime.load(...asked);
      },
    };
    const events: TrainingEvent[] = [];
    for await (const event of new Previews(run, { runtime: outOfMemory, computeDtype: "float32" }).atFirst())
      events.push(event);
    await runtime.close();
    expect(events.filter(({ kind }) => kind !== "sampling")).toEqual([
      {
        kind: "warning",
        code: "SAMPLE_FAILED",
        message: expect.stringMatching(/image 1 .*vexla.*allocation failed/),
      },
      expect.objectContaining({ kind: "sample", index: 1 }),
    ]);
  });

  test("stop being drawn when the run is to stop", async () => {
    const stop = new AbortController();
    const events: TrainingEvent[] = [];
    const settings = await settingsFor(...flags, "--sample_every_n_steps", "1", "--save_every_n_steps", "1");
    for await (const event of train({ settings, warnings: [] }, { signal: stop.signal })) {
      events.push(event);
      if (event.kind === "sample") stop.abort();
    }
    expect(ofKind(events, "sample")).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ kind: "done", step: 1, isInterrupted: true });
    // saved before an image can fail the run
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.indexOf("saved")).toBeLessThan(kinds.indexOf("sample"));
  });
});
