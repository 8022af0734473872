import { describe, expect, test } from "vitest";
import { recordingTerminal } from "../../test/terminal.ts";
import { readTrainRecord, type TrainSettings } from "../options/index.ts";
import type { RunSummary, StepEvent, TrainingEvent } from "../training/index.ts";
import { trainingReport } from "./training-report.ts";

const run: RunSummary = {
  device: "cpu",
  deviceReason: "as asked",
  model: "/models/sd15.safetensors",
  family: "sd1",
  predictionType: "epsilon",
  predictionReason: "the default of its family",
  tokens: ["mycat", "mycat1"],
  tokenIds: [49408, 49409],
  layers: undefined,
  initWord: "cat",
  usualNorm: 0.4,
  numTrainImages: 60,
  numRegImages: 0,
  batchesPerEpoch: 15,
  epochs: 20,
  steps: 300,
  batchSize: 4,
  accumulationSteps: 2,
  optimizer: "AdamW",
  learningRate: 0.005,
  stepAngle: undefined,
  schedule: "constant",
  seed: 7,
  expectedImages: 4,
  expectedSeconds: 65,
  expectedPeakBytes: 5.93e9,
  availableBytes: 24.1e9,
  resumed: undefined,
  dataset: { numTrainImages: 60, numRegImages: 0, batchesPerEpoch: 15, datasets: [] },
  recipe: undefined,
  template: undefined,
};

const step = (number: number, more: Partial<StepEvent> = {}): StepEvent => ({
  kind: "step",
  step: number,
  steps: 300,
  epoch: 1,
  epochs: 20,
  loss: 0.125,
  averageLoss: 0.25,
  lr: 0.005,
  nextLr: 0.004,
  dTimesLr: undefined,
  samplesPerSecond: 12.345,
  remainingSeconds: 75,
  rowNorm: 0.4,
  gradNorm: 0.01,
  distance: 0.3,
  rowNorms: [0.4],
  rowGradNorms: [0.01],
  rowDistances: [0.3],
  imageKeys: ["a.png"],
  ...more,
});

const done = (more: Partial<Extract<TrainingEvent, { kind: "done" }>> = {}): TrainingEvent => ({
  kind: "done",
  file: "out/mycat.pt",
  word: "mycat",
  state: undefined,
  step: 300,
  seconds: 61,
  isInterrupted: false,
  failure: undefined,
  warnings: [],
  ...more,
});

async function settingsOf(more: Partial<TrainSettings> = {}): Promise<TrainSettings> {
  const needed = { pretrainedModelNameOrPath: "sd15.safetensors", tokenString: "mycat", outputDir: "out" };
  const { settings } = await readTrainRecord({ ...needed, datasetConfig: "cats.toml", ...more });
  return settings;
}

const caller = { program: "coinage", words: ["train", "--token_string", "mycat"] };

describe("the report of a training run", () => {
  test("begins with all there is to know, in sd-scripts' order", async () => {
    const terminal = recordingTerminal();
    trainingReport(terminal, { settings: await settingsOf(), caller }).report({ kind: "start", run });
    const places = [
      "cpu",
      "sd15.safetensors",
      "predicts noise (the default of its family)",
      "mycat mycat1, ids 49408 to 49409",
      '"cat"',
      "60 images with repeats",
      "AdamW, learning rate 0.005, schedule constant, seed 7",
      "num train images * repeats: 60, num reg images: 0",
      "num batches per epoch: 15, num epochs: 20",
      "batch size: 4, gradient accumulation steps: 2, total batch size: 8",
      "total optimization steps: 300",
      "about 1 min 5 s",
    ].map((text) => terminal.talked().indexOf(text));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });

  test.each([
    [
      "safetensors",
      /^Or copy it into the embeddings folder of A1111, Forge, SD\.Next or ComfyUI, .*embedding:mycat, InvokeAI: <mycat>\)\.$/,
    ],
    ["pt", /^Or copy it into the embeddings folder of A1111, Forge or ComfyUI, .*--save_model_as safetensors/],
    ["ckpt", /^Or copy it, as mycat\.pt, into .* A1111, Forge or ComfyUI, .* \.ckpt/],
  ])("sends nobody to a program that refuses the file: .%s", async (ending, hint) => {
    const terminal = recordingTerminal();
    const report = trainingReport(terminal, { settings: await settingsOf(), caller });
    report.report(done({ file: `out/mycat.${ending}` }));
    const lines = terminal.talked().split("\n");
    expect(lines.filter((line) => line.includes("embeddings folder"))).toEqual([expect.stringMatching(hint)]);
  });

  test("keeps one line alive on a screen, with lasting lines above it", async () => {
    const terminal = recordingTerminal({ isInteractive: true });
    const report = trainingReport(terminal, { settings: await settingsOf(), caller });
    report.report(step(150));
    report.report({ kind: "epoch", epoch: 1, epochs: 20, loss: 0.25 });
    report.report(step(151));
    report.close();
    const line = (n: number) =>
      `\rsteps:  50%|██████      | ${n}/300  loss 0.1250, average 0.2500, 12.3 samples/s, 1:15 left\x1b[K`;
    const erase = "\r\x1b[K";
    expect(terminal.talked()).toBe(`${line(150)}${erase}epoch 1/20: average loss 0.2500\n${line(150)}${line(151)}\n`);
  });

  test.each([
    [90, "steps:  50%|██████      | 150/300  loss 0.1250, average 0.2500, 12.3 samples/s, 1:15 left"],
    [80, "steps: 150/300 (50%), loss 0.1250, average 0.2500, 12.3 samples/s, 1:15 left"],
    [60, "steps: 150/300, loss 0.1250, average 0.2500, 1:15 left"],
    [40, "150/300, loss 0.1250, 1:15 left"],
    [24, "loss 0.1250, 1:15 left"],
    [20, "0.1250, 1:15 left"],
    [10, "0.1250, 1"],
    [1, ""],
  ])("never writes beyond the edge of a screen of %i columns, and keeps loss and time left", async (columns, line) => {
    const terminal = recordingTerminal({ isInteractive: true, columns: () => columns });
    trainingReport(terminal, { settings: await settingsOf(), caller }).report(step(150));
    expect(terminal.talked()).toBe(`\r${line}\x1b[K`);
  });

  test("fits a long run of long steps into 40 columns", async () => {
    const terminal = recordingTerminal({ isInteractive: true, columns: () => 40 });
    const report = trainingReport(terminal, { settings: await settingsOf(), caller });
    report.report(step(10_000, { steps: 20_000, remainingSeconds: 40_000 }));
    expect(terminal.talked()).toBe("\r10000/20000, loss 0.1250, 11:06:40 left\x1b[K");
  });

  test("writes a plain line now and then elsewhere, and the last one", async () => {
    const terminal = recordingTerminal();
    const report = trainingReport(terminal, { settings: await settingsOf(), caller });
    for (let number = 1; number <= 300; number++) {
      report.report(step(number));
      terminal.pass(1000);
    }
    const steps = terminal.talked().match(/steps: \d+/g);
    expect(steps?.slice(0, 4)).toEqual(["steps: 1", "steps: 11", "steps: 21", "steps: 31"]);
    expect(steps?.at(-1)).toBe("steps: 300");
    expect(steps?.length).toBeLessThan(20);
    expect(terminal.talked()).not.toContain("\r");
  });

  test("ends with warnings and their counts, the file, and what to run next", async () => {
    const terminal = recordingTerminal();
    const report = trainingReport(terminal, { settings: await settingsOf(), caller });
    const warning = { code: "NAN", message: "A gradient was no number." };
    report.report({ kind: "warning", ...warning });
    report.report(step(300));
    report.report(done({ warnings: [{ ...warning, count: 3 }] }));
    report.close();
    expect(terminal.talked().match(/A gradient was no number/g)).toHaveLength(2);
    expect(terminal.talked()).toContain("NAN (3 times)");
    expect(terminal.talked()).toContain("model saved.\n300 steps in 1 min 1 s; the embedding moved by 0.300");
    expect(terminal.results()).toBe("out/mycat.pt\n");
    expect(terminal.talked()).toContain(
      'coinage generate --ckpt sd15.safetensors --textual_inversion_embeddings out/mycat.pt --prompt "a photo of mycat"\n',
    );
  });

  test("says of vectors for each layer what reads them", async () => {
    const terminal = recordingTerminal();
    trainingReport(terminal, { settings: await settingsOf({ xti: true }), caller }).report(done({}));
    expect(terminal.talked()).toContain("generate --ckpt sd15.safetensors --XTI_embeddings out/mycat.pt --prompt");
    expect(terminal.talked()).not.toContain("A1111");
  });

  test("shows a recipe whole, as flags that can be pasted, and what was given instead", async () => {
    const terminal = recordingTerminal();
    const recipe = {
      name: "quick",
      reason: "6 images",
      fit: { time: "30m", steps: 150, side: 384, perStep: 5.66 },
      chosen: [["--optimizer_args", "weight_decay=0"], ["--cache_latents"], ["--caption_extension", ".a b"]],
      overridden: [{ given: ["--max_train_steps", "5"], instead: ["--max_train_steps", "200"] }],
    } as const;
    const report = trainingReport(terminal, { settings: await settingsOf(), caller });
    report.report({ kind: "start", run: { ...run, recipe, stepAngle: 0.15, template: "style" } });
    const text = terminal.talked();
    expect(text).toContain("quick (auto: 6 images)");
    expect(text).toContain('--optimizer_args weight_decay=0 --cache_latents --caption_extension ".a b"\n');
    expect(text).toContain("fitted to 30m: 150 steps with images of 384 pixels, about 5.7 s each\n");
    expect(text).toContain("AdamW, steps of 0.15 radians, schedule constant");
    expect(text).toContain("given: --max_train_steps 5, instead of --max_train_steps 200\n");
    report.report(done());
    expect(terminal.talked()).toContain('--prompt "a painting in the style of mycat"');
  });

  test("says how to go on after an interruption", async () => {
    const ended = async (settings: TrainSettings, state?: string): Promise<string> => {
      const terminal = recordingTerminal();
      const report = trainingReport(terminal, { settings, caller });
      report.report(step(100));
      report.report(done({ step: 100, isInterrupted: true, state }));
      return terminal.talked();
    };
    const command = "coinage train --token_string mycat --weights out/mycat.pt";
    expect(await ended(await settingsOf())).toContain(`${command} --max_train_steps 200\n`);
    expect(await ended(await settingsOf({ maxTrainEpochs: 20 }))).toContain(`${command} --max_train_epochs 14\n`);
    expect(await ended(await settingsOf(), "out/mycat-state")).toContain(
      "coinage train --token_string mycat --resume out/mycat-state\n",
    );
  });

  test("is coloured only where colour is welcome", async () => {
    const talkOf = async (hasColor: boolean): Promise<string> => {
      const terminal = recordingTerminal({ hasColor });
      const settings = await settingsOf();
      trainingReport(terminal, { settings, caller }).report({ kind: "warning", code: "X", message: "y" });
      return terminal.talked();
    };
    expect(await talkOf(false)).toBe("warning X: y\n");
    expect(await talkOf(true)).toBe("\x1b[33mwarning X: y\x1b[39m\n");
  });
});
