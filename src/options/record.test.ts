import { describe, expect, test } from "vitest";
import { parseGenerateArguments, parseGenerateRecord } from "./generate/request.ts";
import { parseTrainArguments, parseTrainRecord } from "./train/request.ts";
import { trainFileTable } from "./train/table.ts";

describe("settings given by a program", () => {
  test("mean what the same flags mean", () => {
    const argv = ["--seed", "5", "--lr_warmup_steps", "10%", "--resolution", "512,768", "--cache_latents"];
    const more = ["--optimizer_args", "a=1", "b=2", "--ip_noise_gamma", "0.1"];
    const record = {
      seed: 5,
      lrWarmupSteps: { ratio: 0.1 },
      resolution: [512, 768],
      cacheLatents: true,
      optimizerArgs: ["a=1", "b=2"],
      ipNoiseGamma: 0.1,
    } as const;
    expect(parseTrainRecord(record)).toEqual(parseTrainArguments([...argv, ...more]));
    expect(parseGenerateRecord({ pretrainedModelNameOrPath: "m", width: 64 })).toEqual(
      parseGenerateArguments(["--ckpt", "m", "--W", "64"]),
    );
  });

  test("are known by the names of their flags, too", () => {
    const readable = { pretrainedModelNameOrPath: "m", width: 64, height: 32, outputDir: "out", xtiEmbeddings: ["a"] };
    const ofFlags = { ckpt: "m", W: 64, H: 32, outdir: "out", XTIEmbeddings: ["a"] };
    expect(parseGenerateRecord(ofFlags)).toEqual(parseGenerateRecord(readable));
    expect(() => parseGenerateRecord({ width: 64, W: 64 })).toThrow("width and W are the same setting.");
  });

  test("may be what only a settings file can say", () => {
    const { settings } = parseTrainRecord({ captionDropoutRate: 0.5, extraMetadata: { note: "x" } });
    expect(settings).toMatchObject({ captionDropoutRate: 0.5, extraMetadata: { note: "x" } });
    expect(Object.keys(trainFileTable)).toContain("caption_dropout_rate");
  });

  test("are not given when undefined", () => {
    expect(parseTrainRecord({ seed: undefined, learningRate: undefined as never })).toEqual(parseTrainArguments([]));
  });

  test.each([
    [{ seeed: 1 }, 'Unknown setting "seeed".'],
    [{ seed: "1" }, 'seed expects a whole number, not "1".'],
    [{ seed: 1.5 }, "seed expects a whole number, not 1.5."],
    [{ cacheLatents: 1 }, "cacheLatents expects true or false, not 1."],
    [{ saveModelAs: "zip" }, 'saveModelAs expects one of ckpt, pt, safetensors, not "zip".'],
    [{ resolution: 512 }, "resolution expects a size in pixels such as 512 or 512,768, not 512."],
    [{ tokenString: null }, "tokenString expects text, not null."],
    [{ optimizerArgs: "a=1" }, 'optimizerArgs expects a list of: text, not "a=1".'],
    [{ trainBatchSize: 0 }, "trainBatchSize expects a whole number, at least 1, not 0."],
  ])("%j cannot be taken", (record, message) => {
    expect(() => parseTrainRecord(record as never)).toThrow(expect.objectContaining({ code: "USAGE", message }));
  });
});
