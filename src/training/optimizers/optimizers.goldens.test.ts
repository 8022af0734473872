import { describe, expect, test } from "vitest";
import { describeGoldens, float32, readJson, readTensors } from "../../../test/goldens.ts";
import { parsePythonArguments } from "../../options/index.ts";
import { chooseOptimizer, createOptimizer, type OptimizerChoice } from "./choose.ts";
import { dynamicCodes } from "./eight-bit.ts";

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly effective_args: string | null;
  readonly gradients: string;
  readonly tables: number | null;
  readonly steps: number;
  readonly recorded_after_steps: readonly number[];
  readonly lr: readonly (number | null)[] | null;
  readonly d: readonly number[] | null;
  readonly inner_lr: readonly number[] | null;
  readonly averaged_after_steps: readonly number[] | null;
  readonly state?: Readonly<Record<string, string>>;
  readonly error: string | null;
}

/** The reference divides by zero in its first step; coinage does not. */
const repairedErrors = ["ZeroDivisionError"];

function choiceOf(args: readonly string[]): OptimizerChoice {
  const after = (flag: string) => args.slice(args.indexOf(flag) + 1);
  const words = after("--optimizer_args");
  const end = words.findIndex((word) => word.startsWith("--"));
  return chooseOptimizer({
    optimizerType: args.includes("--optimizer_type") ? after("--optimizer_type")[0] : "",
    use8bitAdam: args.includes("--use_8bit_adam"),
    useLionOptimizer: args.includes("--use_lion_optimizer"),
    optimizerArgs: args.includes("--optimizer_args") ? parsePythonArguments(end < 0 ? words : words.slice(0, end)) : {},
  });
}

/** Largest |difference| / (1 + |expected|). */
function scaledDifference(actual: Float32Array, expected: Float32Array): number {
  expect(actual).toHaveLength(expected.length);
  return actual.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - expected[i]!) / (1 + Math.abs(expected[i]!))),
    0,
  );
}

describeGoldens("optimizers", (folder) => {
  const cases = readJson<Case[]>(folder, "cases.json");
  const given = readTensors(folder, "gradients.safetensors");
  const recorded = readTensors(folder, "trajectories.safetensors");

  describe.each(cases.filter(({ error }) => error === null))("$name", (golden) => {
    const isAdaptive = golden.d !== null;
    const isQuantized = Object.values(golden.state ?? {}).includes("uint8");
    const choice = choiceOf(golden.args);

    test("arguments", () => {
      expect(choice.args).toEqual(parsePythonArguments(splitArguments(golden.effective_args ?? "")));
    });

    test("trajectory", () => {
      const gradients = Array.from({ length: golden.tables! }, (_, k) =>
        float32(given, `grads.${golden.gradients}.${k}`),
      );
      const parameters = gradients.map((_, k) => float32(given, `init.${golden.gradients}.${k}`).data.slice());
      const shapes = gradients.map(({ shape: [, rows, columns] }) => ({ rows: rows!, columns: columns! }));
      let optimizer = createOptimizer(choice, shapes);
      const compare = (name: string, index: number, actual: readonly Float32Array[]) =>
        actual.forEach((values, k) => {
          const expected = float32(recorded, `${name}.${k}`).data.subarray(
            index * values.length,
            (index + 1) * values.length,
          );
          if (!isQuantized) expect(scaledDifference(values, expected)).toBeLessThan(isAdaptive ? 3e-5 : 3e-6);
          else expect(meanDifference(values, expected)).toBeLessThan(6e-5);
        });

      for (let step = 0; step < golden.steps; step++) {
        const now = gradients.map(({ data }, k) =>
          data.subarray(step * parameters[k]!.length, (step + 1) * parameters[k]!.length),
        );
        optimizer.step(parameters, now, golden.lr?.[step] ?? 0);
        if (step % 10 === 3) {
          const state = structuredClone(optimizer.state());
          optimizer = createOptimizer(choice, shapes);
          optimizer.restore(state);
        }
        const index = golden.recorded_after_steps.indexOf(step + 1);
        if (index >= 0) compare(golden.name, index, parameters);
        const averaged = golden.averaged_after_steps?.indexOf(step + 1) ?? -1;
        if (averaged >= 0) compare(`${golden.name}.averaged`, averaged, optimizer.evaluationParameters!(parameters));
        if (golden.d) {
          const tolerance = golden.name.startsWith("prodigy") ? 3e-3 : 1e-4;
          expect(Math.abs(optimizer.numbers.d! / golden.d[step]! - 1), `d after step ${step + 1}`).toBeLessThan(
            tolerance,
          );
        }
        if (golden.inner_lr)
          expect(Math.abs(optimizer.numbers.rate! - golden.inner_lr[step]!)).toBeLessThanOrEqual(
            1e-5 * golden.inner_lr[step]!,
          );
      }
      if (isQuantized) compareCodes(golden.name, optimizer.state().arrays);
    });
  });

  test.each(cases.filter(({ error }) => error !== null))("$name: the reference stops", ({ error, args }) => {
    if (!repairedErrors.includes(error!)) expect(() => createOptimizer(choiceOf(args), [])).toThrow();
  });

  test("code tables", () => {
    for (const [name, code] of [
      ["qmap1.signed", dynamicCodes.signed],
      ["qmap2.unsigned", dynamicCodes.unsigned],
    ] as const)
      expect(scaledDifference(code, float32(recorded, name).data)).toBeLessThan(1e-7);
  });

  function compareCodes(name: string, arrays: Readonly<Record<string, ArrayLike<number>>>): void {
    const coded = Object.keys(arrays).filter((key) => key.endsWith(".codes"));
    expect(coded.length).toBeGreaterThan(0);
    coded.forEach((key, k) => {
      const codes = float32(recorded, `${name}.state${k + 1}`).data;
      const agreeing = codes.filter((code, i) => code === arrays[key]![i]).length;
      // not 1: the library's CPU kernel first rounds to a grid of 65536 values; its GPU kernels and coinage take the nearest code
      expect(agreeing / codes.length, key).toBeGreaterThan(0.97);
    });
  }
});

function meanDifference(actual: Float32Array, expected: Float32Array): number {
  return actual.reduce((sum, value, i) => sum + Math.abs(value - expected[i]!), 0) / actual.length;
}

/** Splits "a=1,b=(2, 3)" at commas outside brackets. */
function splitArguments(text: string): string[] {
  return text ? text.split(/,(?![^(]*\))/) : [];
}
