import { appendFileSync, chmodSync, cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { concept, eventsOf, ofKind, settingsOf, subsetConfig, trainingFolder } from "../../test/training-run.ts";
import type { NdArray } from "../array/index.ts";
import { tinySdFolder } from "../assets/index.ts";
import { seededGenerators } from "../diffusion/index.ts";
import { readEmbeddingFile, writeEmbedding } from "../embedding/index.ts";
import { openRuntime } from "../runtime/index.ts";
import { type DebugEvent, debugDataset, type TrainingEvent, train } from "./index.ts";
import { accumulateSteps } from "./loop/accumulation.ts";
import { localRunner } from "./loop/micro-batches.ts";
import { microStep, samplesOf } from "./loop/micro-step.ts";
import { LoweredMicroStep } from "./loop/micro-step-program.ts";
import { openInputs } from "./setup/inputs.ts";
import { openRun } from "./setup/open-run.ts";
import { openVaeEncoder, pictureEncoder } from "./setup/vae-encoder.ts";

const { work, write, flagsFor, settingsFor: plainSettingsFor } = trainingFolder();
const settingsFor = (...flags: readonly string[]) => plainSettingsFor("--cache_latents", ...flags);

describe("a run", () => {
  test("tells what it does from the first screen to the written file", async () => {
    const settings = await settingsFor(
      "--num_vectors_per_token",
      "2",
      "--save_every_n_steps",
      "2",
      "--output_name",
      "vexla-ring",
    );
    const events = await eventsOf(settings);
    const kinds = events.map(({ kind }) => kind).filter((kind, i, all) => kind !== all[i - 1]);
    expect(kinds).toEqual(["start", "caching", "step", "saved", "step", "epoch", "saved", "done"]);
    const [{ run }] = ofKind(events, "start") as [Extract<TrainingEvent, { kind: "start" }>];
    expect(run).toMatchObject({
      device: "cpu",
      family: "sd1",
      predictionType: "epsilon",
      tokens: ["vexla", "vexla1"],
      tokenIds: [49408, 49409],
      numTrainImages: 12,
      batchesPerEpoch: 6,
      steps: 3,
      optimizer: "AdamW",
      seed: 1,
    });
    expect(run.expectedSeconds).toBeGreaterThan(0);
    // over the small model's 49,408 tokens
    expect(run.usualNorm).toBeCloseTo(0.391, 3);
    const steps = ofKind(events, "step");
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3]);
    for (const step of steps) {
      expect(step.loss).toBeGreaterThan(0);
      expect(step.gradNorm).toBeGreaterThan(0);
      expect(step.imageKeys).toHaveLength(2);
    }
    // AdamW's first step moves every number by the learning rate
    expect(steps[0]!.distance).toBeCloseTo(0.02 * Math.sqrt(96), 3);
    expect(readdirSync(settings.outputDir).sort()).toEqual([
      "vexla-ring-step00000002.safetensors",
      "vexla-ring.safetensors",
    ]);
    const { tables } = await readEmbeddingFile(path.join(settings.outputDir, "vexla-ring.safetensors"));
    expect([...tables.values()].map(({ shape, dtype }) => [shape, dtype])).toEqual([[[2, 96], "float32"]]);
  });

  test("with the same seed gives the same file, bit for bit", async () => {
    const files = await Promise.all(
      [0, 1].map(async () => {
        const [done] = ofKind(await eventsOf(await settingsFor("--shuffle_caption")), "done");
        const { tables } = await readEmbeddingFile(done!.file);
        return [...tables.values()][0]!.data;
      }),
    );
    expect(files[0]).toEqual(files[1]);
  });

  test("stops after the running step when asked, with the word saved", async () => {
    const stop = new AbortController();
    const settings = await settingsFor("--max_train_steps", "1000");
    const events: TrainingEvent[] = [];
    for await (const event of train({ settings, warnings: [] }, { signal: stop.signal })) {
      events.push(event);
      if (event.kind === "step" && event.step === 2) stop.abort();
    }
    expect(events.at(-1)).toMatchObject({ kind: "done", step: 2, isInterrupted: true });
    expect(readdirSync(settings.outputDir)).toEqual(["vexla-state", "vexla.safetensors"]);
  });

  test("stopped before its first step leaves everything as it was", async () => {
    const stop = new AbortController();
    const settings = await settingsFor();
    const kinds: string[] = [];
    for await (const event of train({ settings, warnings: [] }, { signal: stop.signal })) {
      kinds.push(event.kind);
      if (event.kind === "caching") stop.abort();
    }
    expect(kinds).toEqual(["start", "caching"]);
    expect(readdirSync(settings.outputDir)).toEqual([]);
    // slow work before the first screen is not waited for
    expect(await eventsOf(settings, { signal: AbortSignal.abort() })).toEqual([]);
  });

  test("accumulates gradients: an optimizer step every so many batches and at the end of an epoch", async () => {
    const events = await eventsOf(await settingsFor("--gradient_accumulation_steps", "4", "--max_train_epochs", "1"));
    expect(ofKind(events, "step").map(({ imageKeys }) => imageKeys.length)).toEqual([8, 4]);
  });

  test("keeps as many saves as asked for", async () => {
    const settings = await settingsFor(
      "--max_train_epochs",
      "4",
      "--save_every_n_epochs",
      "1",
      "--save_last_n_epochs",
      "1",
    );
    const events = await eventsOf({ ...settings, gradientAccumulationSteps: 6 });
    expect(ofKind(events, "removed").map(({ file }) => path.basename(file))).toEqual([
      "vexla-000001.safetensors",
      "vexla-000002.safetensors",
    ]);
    expect(readdirSync(settings.outputDir).sort()).toEqual(["vexla-000003.safetensors", "vexla.safetensors"]);
  });

  test.each(["the command line", "a settings file"])("follows a list of learning rates of %s", async (place) => {
    const rates = "0.05:10, 0.02:12, 0.005";
    const flags = flagsFor("--cache_latents", "--max_train_steps", "13", "--learning_rate", rates);
    const file = write("rates.toml", `learning_rate = "${rates}"\n`);
    const given = place === "the command line" ? flags : [...flags.slice(0, -2), "--config_file", file];
    const events = await eventsOf(await settingsOf(given));
    expect(ofKind(events, "start")[0]!.run.learningRate).toBe(rates);
    const steps = ofKind(events, "step").slice(8);
    expect(steps.map(({ step, lr, nextLr }) => [step, lr, nextLr])).toEqual([
      [9, 0.05, 0.05],
      [10, 0.05, 0.02],
      [11, 0.02, 0.02],
      [12, 0.02, 0.005],
      [13, 0.005, 0.005],
    ]);
  });

  test("continues from a file of vectors", async () => {
    const weights = path.join(work, "first.safetensors");
    const first = await settingsFor();
    await eventsOf(first);
    cpSync(path.join(first.outputDir, "vexla.safetensors"), weights);
    const inputs = await openInputs(await settingsFor("--weights", weights));
    const { tables } = await readEmbeddingFile(weights);
    expect(inputs.placeholder.initialEmbeddings[0]!.data).toEqual([...tables.values()][0]!.data);
  });
});

test("the word comes closer to the concept: the same noise is predicted better with it than with the init word", async () => {
  const settings = await settingsFor(
    "--num_vectors_per_token",
    "2",
    "--max_train_steps",
    "60",
    "--learning_rate",
    "1e-2",
  );
  const inputs = await openInputs(settings);
  const run = await openRun(settings, inputs);
  const runtime = openRuntime({ threads: 2 });
  const vae = openVaeEncoder(inputs.model, runtime, inputs.generators.torch);
  for await (const _ of inputs.group.cacheLatents({ ...pictureEncoder(vae), digest: () => "" }));
  const lowered = new LoweredMicroStep(settings, inputs, { runtime, computeDtype: "float32" });
  const { embeddings, progress } = run;
  const context = await lowered.load(vae);

  const batches: Parameters<typeof samplesOf>[0][] = [];
  const { replacements, group } = inputs;
  for await (const batch of group.epochBatches(1, [0, 1, 2, 3, 4, 5], {
    replacements,
    maxTrainSteps: 1,
    currentStep: () => 0,
  }))
    batches.push(batch);
  const scales = { accumulationSteps: 1 };
  const judge = async (rows: readonly NdArray<Float32Array>[]) => {
    const generators = seededGenerators(5);
    let sum = 0;
    for (let round = 0; round < 4; round++)
      for (const batch of batches)
        sum += (
          await microStep(
            context.microStepContext,
            rows,
            await samplesOf(batch, context.sampleContext),
            generators,
            scales,
          )
        ).loss;
    return sum;
  };
  const before = await judge(inputs.placeholder.initialEmbeddings);
  while (!progress.isFinished) {
    progress.openEpoch();
    for await (const event of accumulateSteps(run, context.sampleContext, localRunner(context.microStepContext))) {
      if (event.kind !== "gradients") continue;
      embeddings.step(event.results, run.learningRate(), progress.step);
      progress.completeStep();
    }
    progress.closeEpoch();
  }
  expect(await judge(embeddings.current)).toBeLessThan(0.9 * before);
  await runtime.close();
});

describe("what cannot work is said before anything takes long", () => {
  test.each([
    ["a word the tokenizer has", ["--token_string", "cat"], "TOKEN_EXISTS", /"cat" is already a word/],
    ["an init word of nothing", ["--init_word", " "], "INIT_WORD_EMPTY", /The init word " " has no tokens/],
    ["no model", ["--pretrained_model_name_or_path", "/no/such/model"], "FILE_NOT_FOUND", /\/no\/such\/model/],
    [
      "a file as output folder",
      ["--output_dir", path.join(tinySdFolder, "model_index.json")],
      "OUTPUT_UNWRITABLE",
      /cannot be written/,
    ],
    [
      "a list of rates with a slip",
      ["--learning_rate", "0.05:ten, 0.02"],
      "LR_SCHEDULE",
      /"0.05:ten" is not a learning rate/,
    ],
    ["an unknown optimizer", ["--optimizer_type", "AdamX"], "OPTIMIZER_UNKNOWN", /AdamX/],
    ["vectors that are not there", ["--weights", path.join(work, "none.pt")], "FILE_NOT_FOUND", /none\.pt/],
  ])("%s", async (_, flags, code, message) => {
    const settings = await settingsFor(...flags);
    await expect(eventsOf(settings)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test.each([
    ["a folder that is not there", "/no/such/pictures", "", "DATASET_EMPTY"],
    ["a size the model cannot take", concept, "", "RESOLUTION"],
  ])("%s", async (name, folder, extra, code) => {
    const text = subsetConfig(folder, extra).replace("128", code === "RESOLUTION" ? "100" : "128");
    const settings = await settingsFor("--dataset_config", write(`${name}.toml`, text));
    await expect(eventsOf(settings)).rejects.toMatchObject({ code });
  });

  test("vectors of another model", async () => {
    const file = path.join(work, "wide.safetensors");
    const vectors = [{ dtype: "float32", shape: [1, 768], data: new Float32Array(768).fill(0.01) }] as const;
    await writeEmbedding(
      file,
      { vectors, token: "wide", step: undefined, metadata: {}, layers: undefined },
      { layout: "kohya" },
    );
    await expect(eventsOf(await settingsFor("--weights", file))).rejects.toMatchObject({
      code: "EMBEDDING_WIDTH",
      message: expect.stringMatching(/768.*96/s),
    });
  });

  test("a model that is written to in mid-run is named, and no step is made with what is in it then", async () => {
    const model = path.join(work, "model");
    cpSync(tinySdFolder, model, { recursive: true });
    const unet = path.join(model, "unet/diffusion_pytorch_model.safetensors");
    const settings = await settingsFor("--pretrained_model_name_or_path", model, "--max_train_steps", "8");
    const steps: number[] = [];
    const run = async () => {
      for await (const event of train({ settings, warnings: [] })) {
        if (event.kind !== "step") continue;
        steps.push(event.step);
        if (event.step === 2) appendFileSync(unet, "more");
      }
    };
    await expect(run()).rejects.toMatchObject({
      code: "WEIGHTS_CHANGED",
      message: expect.stringContaining(unet),
      hint: expect.stringContaining(
        `What was learned in 2 steps is saved: ${path.join(settings.outputDir, "vexla.safetensors")}`,
      ),
    });
    expect(steps).toEqual([1, 2]);
  });

  test("a picture that is none is named", async () => {
    const folder = path.join(work, "pictures");
    mkdirSync(folder);
    cpSync(path.join(concept, "01.png"), path.join(folder, "good.png"));
    writeFileSync(path.join(folder, "bad.png"), "no picture");
    const settings = await settingsFor(
      "--dataset_config",
      write("bad-picture.toml", subsetConfig(folder, 'class_tokens = "vexla"\n')),
    );
    await expect(eventsOf(settings)).rejects.toMatchObject({
      code: "PICTURE_UNREADABLE",
      message: expect.stringContaining("bad.png"),
    });
  });

  test.skipIf(process.getuid?.() === 0)(
    "an output folder that may not be written to (root may write anywhere)",
    async () => {
      const folder = path.join(work, "locked");
      mkdirSync(folder);
      chmodSync(folder, 0o500);
      await expect(eventsOf(await settingsFor("--output_dir", folder))).rejects.toMatchObject({
        code: "OUTPUT_UNWRITABLE",
      });
    },
  );

  test.runIf(process.platform === "linux")("an output folder where the system makes no files", async () => {
    await expect(eventsOf(await settingsFor("--output_dir", "/proc/self/out"))).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
    });
  });
});

test("the dataset can be looked at without training: captions with their token ids", async () => {
  const events: DebugEvent[] = [];
  const folder = path.join(work, "as-seen");
  const flags = ["--num_vectors_per_token", "2", "--output_dir", "/no/such/folder", "--debug_dataset_dir", folder];
  for await (const event of debugDataset(await settingsFor(...flags))) events.push(event);
  expect(events.at(-1)).toMatchObject({ kind: "pictures", folder, count: 12 });
  expect(readdirSync(folder)).toHaveLength(13);
  expect(events[0]).toMatchObject({ kind: "dataset", tokenIds: [49408, 49409] });
  const batches = events.filter((event) => event.kind === "batch");
  expect(batches).toHaveLength(6);
  for (const { samples } of batches)
    for (const { sample, tokenIds } of samples) {
      expect(sample.caption).toContain("vexla vexla1");
      expect(tokenIds[0]).toEqual(expect.arrayContaining([49406, 49408, 49409, 49407]));
    }
});

describe("warnings that a run will not teach the word", () => {
  const warningsOf = async (...flags: string[]) =>
    ofKind(await eventsOf(await settingsFor(...flags)), "warning").map(({ code }) => code);

  test("a word that appears in no caption, once: that its gradient is zero follows", async () => {
    expect(await warningsOf("--token_string", "absent")).toEqual(["TOKEN_IN_NO_CAPTION"]);
  });

  test("a learning rate that hardly moves it, or throws it about", async () => {
    expect(await warningsOf("--learning_rate", "1e-6")).toEqual(["LEARNING_RATE_SMALL"]);
    expect(await warningsOf("--learning_rate", "1")).toEqual(["LEARNING_RATE_LARGE", "ROWS_LONG"]);
  });

  test("none for settings that work", async () => {
    expect(await warningsOf("--max_train_steps", "12")).toEqual([]);
  });
});
