import { describe, expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import { describeGoldens, float32, largestDifference, readJson, readTensors } from "../../test/goldens.ts";
import { PythonRandom, TorchGenerator } from "../random/index.ts";
import { type HuberSchedule, huberThreshold } from "./huber-threshold.ts";
import { type LossWeightOptions, lossWeight } from "./loss-weight.ts";
import { noiseSchedule } from "./noise-schedule.ts";
import { velocity } from "./noisy-latents.ts";
import type { Precision } from "./precision.ts";
import { drawTimesteps } from "./timesteps.ts";
import { drawTrainingBatch } from "./training-batch.ts";
import { withPyramid } from "./training-noise.ts";

/** Options as sd-scripts names them; null is unset. */
type Options = Readonly<Record<string, number | boolean | string | null>>;

interface NoiseCase {
  readonly name: string;
  readonly seed: number;
  readonly python_seed: number;
  readonly dtype: Precision;
  readonly steps: number;
  readonly zero_terminal_snr: boolean;
  readonly options: Options;
  readonly timesteps: readonly (readonly number[])[];
  readonly rand_after: readonly number[];
  readonly python_random_after: number;
}

interface WeightCase {
  readonly name: string;
  readonly kind: string;
  readonly param: number | readonly [number, number] | null;
  readonly v_parameterization: boolean;
  readonly zero_terminal_snr: boolean;
}

interface LossCase {
  readonly name: string;
  readonly shape: readonly [number, number, number, number];
  readonly timesteps: readonly number[];
  readonly is_reg: readonly boolean[];
  readonly options: Options;
  readonly huber_c: readonly number[] | null;
  readonly loss_weights: readonly number[];
  readonly per_sample: readonly number[];
  readonly loss: number;
}

/** The same options under our names, without those that are unset. */
function settings(options: Options): Record<string, never> {
  const named = Object.entries(options).map(([name, value]) => [
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value ?? undefined,
  ]);
  return Object.fromEntries(named) as Record<string, never>;
}

describeGoldens("loss-and-noise", (folder) => {
  const schedules = [noiseSchedule(), noiseSchedule({ zeroTerminalSnr: true })] as const;
  const scheduleFor = (zeroTerminalSnr: boolean) => schedules[zeroTerminalSnr ? 1 : 0];

  describe("tables", () => {
    const tables = readTensors(folder, "tables.safetensors");
    test.each([
      ["", false],
      ["zero_snr.", true],
    ] as const)("noise schedule %s", (prefix, zeroTerminalSnr) => {
      const schedule = scheduleFor(zeroTerminalSnr);
      const expected = (name: string) => float32(tables, prefix + name).data;
      // torch's square root misses the nearest float32 here and there, which rescaled betas, differences to 1, show magnified
      expect(largestDifference(schedule.betas, expected("betas"))).toBeLessThan(zeroTerminalSnr ? 4e-6 : 2e-6);
      expect(largestDifference(schedule.alphasCumprod, expected("alphas_cumprod"))).toBeLessThan(2e-6);
      expectRelative(schedule.snr, expected("all_snr"), 1e-4);
    });
  });

  describe("weights", () => {
    const tensors = readTensors(folder, "weights.safetensors");
    test.each(readJson<WeightCase[]>(folder, "weights.json"))("$name", (golden) => {
      const schedule = scheduleFor(golden.zero_terminal_snr);
      const [kind, huberSchedule] = golden.kind.split(":");
      const weightAt = (t: number) => {
        if (kind !== "huber_c")
          return lossWeight(
            t,
            { ...settings({ [kind!]: (golden.param as number | null) ?? true }), vParameterization: golden.v_parameterization },
            schedule,
          );
        const [huberC, huberScale] = golden.param as [number, number];
        return huberThreshold(t, { huberSchedule: huberSchedule as HuberSchedule, huberC, huberScale }, schedule);
      };
      const expected = float32(tensors, golden.name).data;
      expectRelative(Array.from(expected, (_, t) => weightAt(t)), expected, 1e-4);
    });
  });

  describe("timesteps", () => {
    interface Case {
      readonly name: string;
      readonly seed: number;
      readonly min_timestep: number;
      readonly max_timestep: number;
      readonly calls: readonly (readonly number[])[];
    }
    test.each(readJson<Case[]>(folder, "timesteps.json"))("$name", (golden) => {
      const torch = new TorchGenerator(golden.seed);
      const range = { minTimestep: golden.min_timestep, maxTimestep: golden.max_timestep };
      for (const call of golden.calls) expect(drawTimesteps(torch, call.length, range)).toEqual(call);
    });
  });

  describe("training noise", () => {
    const tensors = readTensors(folder, "noise.safetensors");
    const relative: Readonly<Record<Precision, number | undefined>> = { float32: undefined, float16: 2e-3, bfloat16: 1.6e-2 };
    test.each(readJson<NoiseCase[]>(folder, "noise.json"))("$name", (golden) => {
      const generators = { torch: new TorchGenerator(golden.seed), python: new PythonRandom(golden.python_seed) };
      const schedule = scheduleFor(golden.zero_terminal_snr);
      for (let step = 0; step < golden.steps; step++) {
        const expected = (part: string) => float32(tensors, `${golden.name}.${step}.${part}`);
        const latents = expected("latents");
        const batch = drawTrainingBatch(latents, settings(golden.options), schedule, generators, golden.dtype);
        expect(batch.timesteps).toEqual(golden.timesteps[step]);
        const target = velocity(latents, batch.noise, batch.timesteps, schedule, golden.dtype);
        for (const [part, actual] of [
          ["noise", batch.noise],
          ["noisy", batch.noisyLatents],
          ["velocity", target],
        ] as const) {
          const values = expected(part).data;
          const tolerance = (relative[golden.dtype] ?? Number.NaN) * largestOf(values);
          expect(largestDifference(actual.data, values), part).toBeLessThanOrEqual(tolerance || 5e-6);
        }
      }
      const { length } = golden.rand_after;
      expect(Array.from(generators.torch.rand([length]).data)).toEqual(golden.rand_after);
      expect(generators.python.random()).toBe(golden.python_random_after);
    });
  });

  describe("pyramid noise", () => {
    interface Case {
      readonly name: string;
      readonly seed: number;
      readonly python_seed: number;
      readonly shape: readonly number[];
      readonly iterations: number;
      readonly discount: number;
    }
    const tensors = readTensors(folder, "pyramid.safetensors");
    test.each(readJson<Case[]>(folder, "pyramid.json"))("$name", (golden) => {
      const generators = { torch: new TorchGenerator(golden.seed), python: new PythonRandom(golden.python_seed) };
      const base = pyramidBase(tensors, golden.name, generators.torch, golden.shape);
      const noise = withPyramid(base, golden.shape, golden.iterations, golden.discount, generators);
      expect(largestDifference(noise, pyramidResult(tensors, golden.name))).toBeLessThan(5e-6);
    });
  });

  describe("losses", () => {
    const tensors = readTensors(folder, "loss.safetensors");
    test.each(readJson<LossCase[]>(folder, "loss.json"))("$name", (golden) => {
      const part = (name: string) => float32(tensors, `${golden.name}.${name}`);
      const options = settings(golden.options);
      const schedule = scheduleFor(Boolean(golden.options.zero_terminal_snr));
      const target = golden.options.v_parameterization
        ? velocity(part("latents"), part("noise"), golden.timesteps, schedule)
        : part("noise");
      expect(largestDifference(target.data, part("target").data)).toBeLessThan(5e-6);

      const thresholds = golden.timesteps.map((t) => huberThreshold(t, options as never, schedule));
      if (golden.huber_c) expectRelative(thresholds, golden.huber_c, 1e-5);
      const weights = golden.timesteps.map(
        (t, i) => golden.loss_weights[i]! * lossWeight(t, options as LossWeightOptions, schedule),
      );
      const reference = referenceLoss(golden, { pred: part("pred"), target, thresholds, weights, mask: tensors.get(`${golden.name}.mask`) });
      expectRelative(reference.elements, part("element_loss").data, 1e-5);
      expectRelative(reference.perSample, golden.per_sample, 1e-5);
      expect(Math.abs(reference.perSample.reduce((sum, loss) => sum + loss, 0) / golden.shape[0] / golden.loss - 1)).toBeLessThan(1e-5);
      expectRelative(reference.gradient, part("grad").data, 1e-5, 1e-9);
    });
  });
});
