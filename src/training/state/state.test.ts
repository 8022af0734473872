import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { arrayOf } from "../../array/index.ts";
import { PythonRandom, TorchGenerator } from "../../random/index.ts";
import { checkIdentity, differences, environmentChanges } from "./compare.ts";
import { readState } from "./files.ts";
import { decodeState, encodeState, type TrainingState } from "./state.ts";

const torch = new TorchGenerator(3);
torch.randn([3]);

const environment = {
  ...{ program: "coinage 1", device: "cpu", threads: 2, processor: "linux x64, a processor" },
  ...{ gradientCheckpointing: false, lowram: false },
  ...{ steps: 20, startedFrom: "--init_word ring" },
};
const state: TrainingState = {
  identity: { model: { unet: "a" }, settings: { learning_rate: 0.1 }, dataset: { seed: 4 } },
  environment,
  progress: { step: 7, epochsDone: 1, epoch: { number: 2, order: [2, 0, 1], losses: [0.1, Number.NaN] } },
  seed: 1,
  generators: { torch: torch.state(), python: new PythonRandom(3).state(), timesteps: torch.state() },
  embeddings: [arrayOf([2, 2], [0.1, Number.NaN, 3, 4]), arrayOf([2, 3], [1, 2, 3, 4, 5, 6])],
  initialEmbeddings: [arrayOf([2, 2], [0, 0, 0, 0]), arrayOf([2, 3], [0, 0, 0, 0, 0, 0])],
  optimizer: {
    numbers: { count: 7, d: 1e-6, largest: Number.POSITIVE_INFINITY },
    arrays: { "0/learned/mean": Float32Array.of(0.1, 0.2), "0/49407/codes": Uint8Array.of(1, 2, 3) },
  },
  evaluation: {
    evaluated: [
      { step: 0, itemLosses: [0.5, 0.25] },
      { step: 10, itemLosses: [0.4, Number.NaN] },
    ],
    residual: { sums: [1, 0], counts: [3, 0] },
  },
  warnings: [{ key: "A", code: "A", message: "Something.", count: 2 }],
  lossScale: { value: 32768, finiteSteps: 3 },
  recipe: { name: "quick", flags: ["--step_angle", "0.04", "--cache_latents"] },
  runId: "a run",
  finalFile: "a digest",
  prunableFiles: new Map([["vexla-step00000004.pt", "another digest"]]),
};

function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

describe("a state", () => {
  test.skipIf(process.platform === "win32")("one of whose files is a pipe is refused at once", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "state-"));
    const [json, arrays] = ["state.json", "arrays.safetensors"].map((name) => path.join(folder, name)) as [
      string,
      string,
    ];
    try {
      execFileSync("mkfifo", [arrays]);
      writeFileSync(json, encodeState(state)["state.json"]!);
      const where = { code: "STATE_UNREADABLE", where: `--resume ${folder}` };
      await expect(readState(folder)).rejects.toMatchObject({
        ...where,
        message: expect.stringMatching(/arrays.safetensors cannot be read \(it is a pipe, not a file\)\.$/),
      });
      rmSync(json);
      execFileSync("mkfifo", [json]);
      await expect(readState(folder)).rejects.toMatchObject(where);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("comes back from its files as it was, numbers that are none included", () => {
    const files = encodeState(state);
    expect(Object.keys(files)).toEqual(["state.json", "arrays.safetensors"]);
    const { "state.json": json, "arrays.safetensors": arrays } = files;
    expect(decodeState(json as string, arrays as Uint8Array)).toEqual(state);
  });

  test("between two epochs has none", () => {
    const between = { ...state, progress: { step: 6, epochsDone: 2, epoch: undefined } };
    const { "state.json": json, "arrays.safetensors": arrays } = encodeState(between);
    expect(decodeState(json as string, arrays as Uint8Array)).toEqual(between);
  });

  test("is known to be damaged when any bit of it has changed", () => {
    const { "state.json": json, "arrays.safetensors": arrays } = encodeState(state) as { [name: string]: string } & {
      "arrays.safetensors": Uint8Array;
    };
    const decoded = (json: Uint8Array, arrays: Uint8Array) => decodeState(new TextDecoder().decode(json), arrays);
    const text = new TextEncoder().encode(json);
    const flipped = (bytes: Uint8Array, bit: number) => bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
    let noticed = 0;
    for (let bit = 0; bit < arrays.length * 8; bit += 31) {
      expect(() => decoded(text, flipped(arrays, bit)), `bit ${bit} of the arrays`).toThrow();
      noticed++;
    }
    for (let bit = 0; bit < text.length * 8; bit += 211) {
      const found = attempt(() => decoded(flipped(text, bit), arrays));
      // a flipped bit in whitespace may leave the JSON's meaning unchanged
      if (found) expect(found, `bit ${bit} of the JSON`).toEqual(state);
      else noticed++;
    }
    expect(noticed).toBeGreaterThan(500);
  });

  test("of the version before, without a checksum, is read", () => {
    const { "state.json": json, "arrays.safetensors": arrays } = encodeState(state);
    const {
      checksum,
      arrays: digest,
      recipe,
      runId,
      finalFile,
      prunableFiles,
      ...content
    } = JSON.parse(json as string);
    const old = JSON.stringify({ ...content, format: "coinage training state 1" });
    expect(checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(decodeState(old, arrays as Uint8Array)).toEqual({
      ...state,
      recipe: undefined,
      runId: undefined,
      finalFile: undefined,
      prunableFiles: new Map(),
    });
    expect(() =>
      decodeState(JSON.stringify({ ...content, ...{ arrays: digest, runId } }), arrays as Uint8Array),
    ).toThrow("changed");
  });

  test("whose files do not belong together is refused", () => {
    const { "arrays.safetensors": arrays } = encodeState({
      ...state,
      progress: { ...state.progress, epoch: undefined },
    });
    const { "state.json": json } = encodeState(state);
    expect(() => decodeState(json as string, arrays as Uint8Array)).toThrow("its arrays were changed");
    const older = json!.toString().replace("training state 2", "training state 1");
    expect(() => decodeState(older, arrays as Uint8Array)).toThrow("order of its epoch");
  });
});

describe("what differs", () => {
  test("is found leaf by leaf; lists of numbers are leaves", () => {
    const before = { a: 1, b: { c: [1, 2], d: [{ e: 1 }, { e: 2 }] }, gone: null };
    const now = { a: 1, b: { c: [1, 3], d: [{ e: 1 }, { e: 3 }] }, new: true };
    expect(differences(before, now)).toEqual([
      { path: ["b", "c"], before: [1, 2], now: [1, 3] },
      { path: ["b", "d", "1", "e"], before: 2, now: 3 },
      { path: ["gone"], before: null, now: undefined },
      { path: ["new"], before: undefined, now: true },
    ]);
  });

  test("is said in the user's words", () => {
    const dataset = (captions: object, pictures: object) => ({
      datasets: [{ resolution: [512, 512], subsets: [{ captions }], pictures }],
    });
    const refused = (before: object, now: object) => () =>
      checkIdentity({ ...state.identity, ...before }, { ...state.identity, ...now }, "out/x-state");
    expect(refused({}, {})).not.toThrow();
    expect(refused({ model: { unet: "b", family: "sd1" } }, { model: { unet: "a", family: "sd2" } })).toThrow(
      "another run: the model has a different U-Net; the model's family was sd1 and is sd2.",
    );
    expect(refused({}, { settings: {} })).toThrow("--learning_rate was 0.1 and is not given.");
    expect(
      refused(
        { dataset: dataset({ shuffleCaption: true }, { "a.png": "1", "b.png": "2" }) },
        { dataset: dataset({ shuffleCaption: false }, { "a.png": "1", "c.png": "2" }) },
      ),
    ).toThrow(
      "subsets 0 captions shuffleCaption of the dataset was true and is false; the image b.png is gone; the image c.png is new.",
    );
  });

  test("without harm is only mentioned", () => {
    expect(environmentChanges(environment, environment)).toEqual([]);
    const now = { ...environment, threads: 4, steps: 40, startedFrom: "--weights" };
    expect(environmentChanges(environment, now)).toEqual([
      expect.stringContaining("threads 2 then, 4 now"),
      expect.stringContaining("goes to step 40"),
      expect.stringContaining("--weights has no effect (the run began with --init_word ring)"),
    ]);
  });
});
