import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { maskedCrc32c } from "../formats/tfevents/index.ts";
import { readTrainRecord, type TrainSettings } from "../options/index.ts";
import { encodePng } from "../pictures/index.ts";
import type { RecipeSummary, RunSummary, TrainingEvent } from "../training/index.ts";
import { logFolder, tensorboardReporter, wantsTensorboard } from "./tensorboard.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-tensorboard-"));
afterAll(() => rmSync(folder, { recursive: true }));
const start = new Date(2024, 0, 2, 3, 4, 5, 250);

async function settingsOf(more: Partial<TrainSettings> = {}): Promise<TrainSettings> {
  const needed = {
    pretrainedModelNameOrPath: "/models/m",
    tokenString: "mycat",
    outputDir: "out",
    datasetConfig: "d.toml",
  };
  const { settings } = await readTrainRecord({ ...needed, loggingDir: folder, logPrefix: "cats_", ...more });
  return settings;
}

test("logs lie where sd-scripts puts them", async () => {
  const settings = await settingsOf();
  expect(logFolder(settings, start)).toBe(path.join(folder, "cats_20240102030405", "textual_inversion"));
  expect(logFolder({ ...settings, logPrefix: undefined, logTrackerName: "t" }, start)).toBe(
    path.join(folder, "20240102030405", "t"),
  );
  expect(wantsTensorboard(settings)).toBe(true);
  expect(wantsTensorboard({ ...settings, loggingDir: undefined })).toBe(false);
  expect(wantsTensorboard({ ...settings, logWith: "wandb" })).toBe(false);
  expect(wantsTensorboard({ ...settings, logWith: "all" })).toBe(true);
});

test("logs are whole records of sd-scripts' scalars, of the learned rows and of sample pictures", async () => {
  const picture = path.join(folder, "sample.png");
  const png = await encodePng({ width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0, 0, 0, 255) });
  writeFileSync(picture, png);
  const about = { loss: 0.25, lr: 1, nextLr: 0.125, dTimesLr: 2, rowNorm: 4, gradNorm: 0.5, distance: 8 };
  const sample = { index: 3, prompt: "a <mycat>", width: 2, height: 1, epoch: 1, seed: 7 };
  const settings = await settingsOf();
  const reporter = tensorboardReporter(settings, start);
  reporter.report({ kind: "step", step: 3, ...about } as TrainingEvent);
  reporter.report({ kind: "epoch", epoch: 1, epochs: 1, loss: 0.5 });
  reporter.report({ kind: "sample", step: 3, file: picture, ...sample });
  reporter.close();
  const at = logFolder(settings, start);
  const [name = "", ...others] = readdirSync(at);
  expect(others).toEqual([]);
  expect(name).toMatch(/^events\.out\.tfevents\.\d+\./);
  const records = recordsOf(readFileSync(path.join(at, name))).map(latin);
  expect(records).toHaveLength(4);
  expect(records[0]).toContain("brain.Event:2");
  expect(records[1]).toContain(`loss\x15${float(0.25)}`);
  // the rate of the next step
  expect(records[1]).toContain(`lr\x15${float(0.125)}`);
  expect(records[1]).toContain(`lr/d*lr\x15${float(2)}`);
  expect(records[1]).toContain(`rows/norm\x15${float(4)}`);
  expect(records[1]).toContain(`rows/gradient_norm\x15${float(0.5)}`);
  expect(records[1]).toContain(`rows/distance\x15${float(8)}`);
  expect(records[2]).toContain(`loss/epoch\x15${float(0.5)}`);
  expect(records[3]).toContain("sample_3");
  expect(records[3]).toContain("`a <mycat>`");
  expect(records[3]).toContain(latin(png));
});

test("with --log_config the settings lie beside them, without secrets and paths", async () => {
  const settings = await settingsOf({
    logConfig: true,
    logTrackerName: "settings",
    huggingfaceToken: "hidden",
    learningRate: 1e-7,
    optimizerArgs: ["a=1", "b=2"],
  });
  tensorboardReporter(settings, start).close();
  const at = path.join(logFolder(settings, start), String(start.getTime() / 1000));
  const [events = "", yaml] = readdirSync(at);
  expect(yaml).toBe("hparams.yml");
  const lines = readFileSync(path.join(at, "hparams.yml"), "utf8").trimEnd().split("\n");
  expect(lines).toEqual([...lines].sort());
  expect(lines).toEqual(
    expect.arrayContaining([
      "learning_rate: 1.0e-7",
      `optimizer_args: "['a=1', 'b=2']"`,
      "cache_latents: false",
      'token_string: "mycat"',
      "seed: null",
      'dataset_config: "d.toml"',
    ]),
  );
  const records = recordsOf(readFileSync(path.join(at, events))).map(latin);
  expect(records).toHaveLength(4);
  expect(records[2]).toContain("token_string");
  expect(records[2]).not.toContain("seed\x12");
  for (const text of [...lines, ...records]) expect(text).not.toMatch(/hidden|\/models|logging_dir/);
});

test("a folder that cannot be made is an error of its own", async () => {
  writeFileSync(path.join(folder, "plain"), "");
  const settings = await settingsOf({ loggingDir: path.join(folder, "plain") });
  expect(() => tensorboardReporter(settings, start)).toThrow(expect.objectContaining({ code: "OUTPUT_UNWRITABLE" }));
});

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc32c(data));
    records.push(data);
    at += length + 16;
  }
  return records;
}

function float(value: number): string {
  return Buffer.from(Float32Array.of(value).buffer).toString("latin1");
}

test("with --log_config and a recipe the settings are those that it chose", async () => {
  const settings = await settingsOf({ logConfig: true, recipe: "auto", seed: 3 });
  const reporter = tensorboardReporter(settings, start);
  const recipe: RecipeSummary = {
    ...{ name: "quick", reason: undefined, fit: undefined, overridden: [] },
    chosen: [["--step_angle", "0.15"], ["--cache_latents"]],
  };
  reporter.report({ kind: "start", run: { recipe } as RunSummary });
  reporter.close();
  const at = path.join(logFolder(settings, start), String(start.getTime() / 1000));
  const lines = readFileSync(path.join(at, "hparams.yml"), "utf8").split("\n");
  expect(lines).toEqual(
    expect.arrayContaining(['recipe: "quick"', "step_angle: 0.15", "cache_latents: true", "seed: 3"]),
  );
});
