import { describe, expect, test } from "vitest";
import { TorchGenerator } from "../../random/index.ts";
import { formatLiteral, type OptimizerArguments } from "./arguments.ts";
import { chooseOptimizer, createOptimizer, optimizerNames, optimizerWarnings } from "./choose.ts";

const random = new TorchGenerator(1);
const randn = (size: number, scale = 1) => random.randn([size]).data.map((value) => value * scale);
const create = (optimizerType: string, optimizerArgs: OptimizerArguments = {}, shape = { rows: 2, columns: 4 }) =>
  createOptimizer(chooseOptimizer({ optimizerType, optimizerArgs }), [shape]);

describe("names", () => {
  test.each(optimizerNames)("%s is built and moves the parameters", (name) => {
    const optimizer = create(name);
    const parameters = randn(8, 1e-3);
    const before = parameters.slice();
    for (let step = 0; step < 7; step++) optimizer.step([parameters], [randn(8)], 1);
    expect(parameters.every((value, i) => Number.isFinite(value) && value !== before[i])).toBe(true);
  });

  test("sd-scripts' names go in any case, torch's keep theirs", () => {
    expect(() => create("PRODIGY")).not.toThrow();
    expect(() => create("torch.optim.Adam")).not.toThrow();
    expect(() => create("adam")).toThrow(
      expect.objectContaining({ code: "OPTIMIZER_UNKNOWN", hint: expect.stringContaining("Did you mean Adam?") }),
    );
  });

  test("an unknown name lists the known ones", () => {
    const error = expect.objectContaining({ code: "OPTIMIZER_UNKNOWN", hint: expect.stringContaining("DAdaptAdam") });
    expect(() => create("SomeOptimizer")).toThrow(error);
    expect(() => create("constructor")).toThrow(error);
  });
});

describe("arguments", () => {
  test("literals are written as Python writes them", () => {
    expect([1e-5, true, null, [0.9, 0.99], [1], "a", 0.01].map(formatLiteral)).toEqual([
      "1e-05",
      "True",
      "None",
      "(0.9, 0.99)",
      "(1,)",
      "'a'",
      "0.01",
    ]);
  });

  test.each<OptimizerArguments>([{ weight_decy: 0.1 }, { lr: 0.1 }, { betas: 0.9 }, { betas: [0.9] }, { eps: "x" }])(
    "AdamW refuses %o",
    (args) => {
      expect(() => create("AdamW", args)).toThrow(expect.objectContaining({ code: "OPTIMIZER_ARGS" }));
    },
  );

  test("Adafactor's warmup_init turns relative_step on", () => {
    const choice = chooseOptimizer({
      optimizerType: "AdaFactor",
      optimizerArgs: { relative_step: false, warmup_init: true },
    });
    expect(choice).toMatchObject({ learningRate: "adafactor", args: { relative_step: true } });
  });

  test("warns of learning rates that do not suit", () => {
    const settings = { learningRate: 2e-6, maxGradNorm: 1, lrScheduler: "constant" };
    const warnings = (optimizerType: string, optimizerArgs: OptimizerArguments = {}) =>
      optimizerWarnings(chooseOptimizer({ optimizerType, optimizerArgs }), settings);
    expect(warnings("Prodigy")).toHaveLength(1);
    expect(warnings("AdamW")).toEqual([]);
    expect(warnings("AdaFactor")).toHaveLength(1);
    expect(warnings("AdaFactor", { relative_step: false, clip_threshold: 0.5 })).toHaveLength(3);
  });
});

test("AdamW moves a row without gradient: movement and decay go on", () => {
  const optimizer = create("AdamW", {}, { rows: 1, columns: 1 });
  const parameters = Float32Array.of(1);
  const path = [1, 0, 0, -2].map((gradient) => {
    optimizer.step([parameters], [Float32Array.of(gradient)], 0.01);
    return parameters[0]!;
  });
  [0.98989999, 0.98310041, 0.97782248, 0.98102885].forEach((value, i) => {
    expect(path[i]).toBeCloseTo(value, 6);
  });
});

test("D-Adaptation's SGD waits for its first gradient", () => {
  const optimizer = create("DAdaptSGD");
  const parameters = randn(8);
  const before = parameters.slice();
  optimizer.step([parameters], [new Float32Array(8)], 1);
  optimizer.step([parameters], [randn(8)], 0);
  expect(parameters).toEqual(before);
  optimizer.step([parameters], [randn(8)], 1);
  expect(parameters).not.toEqual(before);
});

describe("training only the learned rows", () => {
  const [columns, learnedRows, totalRows, steps] = [8, 2, 9, 12];
  const usedRows = [3, 4, 7];

  test.each(optimizerNames)("%s moves them as if it had the whole table", (name) => {
    const start = randn(totalRows * columns);
    const rowsOf = (table: Float32Array, from: number, to: number) => table.slice(from * columns, to * columns);
    const whole = start.slice();
    const learned = rowsOf(start, 0, learnedRows);
    const frozenSquares = rowsOf(start, learnedRows, totalRows).reduce((sum, value) => sum + value ** 2, 0);
    const reference = create(name, {}, { rows: totalRows, columns });
    const optimizer = createOptimizer(chooseOptimizer({ optimizerType: name }), [
      { rows: learnedRows, columns, totalRows, frozenSquares },
    ]);
    for (let step = 0; step < steps; step++) {
      const gradient = new Float32Array(totalRows * columns);
      gradient.set(randn(learnedRows * columns));
      // each frozen row is used in some of the steps
      const used = usedRows.filter((row) => (row + step) % 3 !== 0);
      for (const row of used) gradient.set(randn(columns), row * columns);
      const frozen = new Map(used.map((row) => [row, rowsOf(gradient, row, row + 1)]));
      reference.step([whole], [gradient], 0.5);
      whole.set(start.subarray(learnedRows * columns), learnedRows * columns);
      optimizer.step([learned], [rowsOf(gradient, 0, learnedRows)], 0.5, [frozen]);
    }
    learned.forEach((value, i) => {
      expect(Math.abs(value - whole[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(whole[i]!)));
    });
  });
});

test.each(["AdamW8bit", "Prodigy", "AdaFactor", "AdamWScheduleFree"])(
  "%s goes on from its state bit for bit",
  (name) => {
    const shape = { rows: 6, columns: 768, totalRows: 100 };
    let optimizer = create(name, {}, shape);
    const parameters = randn(6 * 768);
    const continued = parameters.slice();
    const gradients = Array.from({ length: 6 }, () => randn(6 * 768));
    const frozen = [new Map([[50, randn(768)]])];
    for (const gradient of gradients) optimizer.step([parameters], [gradient], 0.1, frozen);

    optimizer = create(name, {}, shape);
    for (const gradient of gradients) {
      optimizer.step([continued], [gradient], 0.1, frozen);
      const state = structuredClone(optimizer.state());
      optimizer = create(name, {}, shape);
      optimizer.restore(state);
    }
    expect(continued).toEqual(parameters);
  },
);
