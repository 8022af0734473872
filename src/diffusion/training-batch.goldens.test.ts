import { describe, expect, test } from "vitest";
import { describeGoldens, float32, largestDifference, readJson, readTensors } from "../../test/goldens.ts";
import { PythonRandom, TorchGenerator } from "../random/index.ts";
import { noiseSchedule } from "./noise-schedule.ts";
import { type Precision, velocity } from "./noisy-latents.ts";
import { drawTimesteps } from "./timesteps.ts";
import { drawTrainingBatch, pyramidNoise } from "./training-batch.ts";
import type { TrainingBatchOptions } from "./training-draws.ts";

interface Seeds {
  readonly name: string;
  readonly seed: number;
  readonly python_seed: number;
}

interface NoiseCase extends Seeds {
  readonly dtype: Precision;
  readonly steps: number;
  readonly zero_terminal_snr: boolean;
  readonly options: {
    readonly noise_offset: number | null;
    readonly noise_offset_random_strength: boolean;
    readonly adaptive_noise_scale: number | null;
    readonly multires_noise_iterations: number | null;
    readonly multires_noise_discount: number;
    readonly min_timestep: number | null;
    readonly max_timestep: number | null;
    readonly ip_noise_gamma: number | null;
    readonly ip_noise_gamma_random_strength: boolean;
  };
  readonly timesteps: readonly (readonly number[])[];
  readonly rand_after: readonly number[];
  readonly python_random_after: number;
}

interface PyramidCase extends Seeds {
  readonly shape: readonly number[];
  readonly iterations: number;
  readonly discount: number;
}

interface TimestepCase {
  readonly name: string;
  readonly seed: number;
  readonly min_timestep: number;
  readonly max_timestep: number;
  readonly calls: readonly (readonly number[])[];
}

function optionsOf(golden: NoiseCase): TrainingBatchOptions {
  const { options } = golden;
  return {
    noiseOffset: options.noise_offset ?? undefined,
    noiseOffsetRandomStrength: options.noise_offset_random_strength,
    adaptiveNoiseScale: options.adaptive_noise_scale ?? undefined,
    multiresNoiseIterations: options.multires_noise_iterations ?? undefined,
    multiresNoiseDiscount: options.multires_noise_discount,
    minTimestep: options.min_timestep ?? undefined,
    maxTimestep: options.max_timestep ?? undefined,
    ipNoiseGamma: options.ip_noise_gamma ?? undefined,
    ipNoiseGammaRandomStrength: options.ip_noise_gamma_random_strength,
  };
}

const generatorsOf = (golden: Seeds) => ({
  torch: new TorchGenerator(golden.seed),
  python: new PythonRandom(golden.python_seed),
  timesteps: new TorchGenerator(golden.seed),
});

const relativeTolerance: Readonly<Record<Precision, number>> = { float32: 0, float16: 2e-3, bfloat16: 1.6e-2 };

describeGoldens("loss-and-noise", (folder) => {
  describe("noise", () => {
    const tensors = readTensors(folder, "noise.safetensors");

    test.each(readJson<NoiseCase[]>(folder, "noise.json"))("$name", (golden) => {
      const generators = generatorsOf(golden);
      const schedule = noiseSchedule({ zeroTerminalSnr: golden.zero_terminal_snr });
      for (let step = 0; step < golden.steps; step++) {
        const part = (name: string) => float32(tensors, `${golden.name}.${step}.${name}`);
        const latents = part("latents");
        const { noise, noisyLatents, timesteps } = drawTrainingBatch(
          latents,
          optionsOf(golden),
          schedule,
          generators,
          undefined,
          golden.dtype,
        );
        expect(timesteps).toEqual(golden.timesteps[step]);
        const target = velocity(latents, noise, timesteps, schedule, golden.dtype);
        for (const [name, actual] of Object.entries({ noise, noisy: noisyLatents, velocity: target })) {
          const expected = part(name).data;
          const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          const tolerance = golden.dtype === "float32" ? 5e-6 : relativeTolerance[golden.dtype] * largest;
          expect(largestDifference(actual.data, expected), `${name} of call ${step}`).toBeLessThan(tolerance);
        }
      }
      expect([...generators.torch.rand([golden.rand_after.length]).data]).toEqual(golden.rand_after);
      expect(generators.python.random()).toBe(golden.python_random_after);
    });
  });

  describe("pyramid", () => {
    const tensors = readTensors(folder, "pyramid.safetensors");

    test.each(readJson<PyramidCase[]>(folder, "pyramid.json"))("$name", (golden) => {
      const input = float32(tensors, `${golden.name}.input`).data;
      const { iterations, discount, shape } = golden;
      const noise = pyramidNoise(input, shape, iterations, discount, generatorsOf(golden));
      expect(largestDifference(noise, float32(tensors, `${golden.name}.output`).data)).toBeLessThan(5e-6);
    });
  });

  describe("timesteps", () => {
    test.each(readJson<TimestepCase[]>(folder, "timesteps.json"))("$name", (golden) => {
      const torch = new TorchGenerator(golden.seed);
      const range = { minTimestep: golden.min_timestep, maxTimestep: golden.max_timestep };
      for (const call of golden.calls) expect(drawTimesteps(torch, call.length, range)).toEqual(call);
    });
  });
});
