import { describe, expect, test } from "vitest";
import { describeGoldens, float32, largestDifference, readJson, readTensors } from "../../../test/goldens.ts";
import type { PredictionType } from "../noise-level.ts";
import { noiseSchedule } from "../noise-schedule.ts";
import { createSampler, samplerDefaults, samplerName } from "./names.ts";
import { type ImageToImageStart, imageToImageStart } from "./sampler.ts";

interface Case {
  readonly name: string;
  readonly group: "txt2img" | "img2img" | "mask" | "zero_snr" | "preview";
  readonly sampler: string;
  readonly prediction_type: PredictionType;
  readonly steps: number;
  readonly steps_offset: number;
  readonly clip_sample: boolean;
  readonly reference_defect: boolean;
  readonly all_timesteps: readonly number[];
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[] | null;
  readonly init_noise_sigma: number;
  readonly evaluations: number;
  readonly noise_draws: number;
  readonly strength?: number;
  readonly convention?: "sd-scripts" | "diffusers";
  readonly noise_timestep?: number;
  readonly masked: boolean;
  readonly final_max_abs: number;
  readonly float64_difference: number;
}

interface Index {
  readonly net: { readonly a: number; readonly b: number; readonly c: number };
  readonly aliases: Readonly<Record<string, string>>;
  readonly cases: readonly Case[];
}

describeGoldens("samplers", (folder) => {
  const { net, aliases, cases } = readJson<Index>(folder, "index.json");
  const tensors = readTensors(folder, "trajectories.safetensors");
  const data = (name: string) => float32(tensors, name).data;
  const row = (values: Float32Array, i: number, size: number) => values.subarray(i * size, (i + 1) * size);
  const network = (input: Float32Array, timestep: number) =>
    input.map((x) => net.a * x * Math.sin((net.b * timestep) / 1000) + net.c * Math.cos(x));
  const [start, initLatents, addedNoise, mask, noise] = ["start", "init_latents", "i2i_noise", "mask", "noise"].map(
    data,
  );
  const size = start!.length;

  const samplerFor = (golden: Case) =>
    createSampler(samplerName(golden.sampler), {
      schedule: noiseSchedule({ zeroTerminalSnr: golden.group === "zero_snr" }),
      steps: golden.steps,
      predictionType: golden.prediction_type,
      stepsOffset: golden.steps_offset,
      clipSample: golden.clip_sample,
    });
  const startOf = (golden: Case): ImageToImageStart => {
    if (golden.strength === undefined) return { from: 0 };
    if (golden.convention !== "diffusers") return imageToImageStart(golden.steps, golden.strength, golden.steps_offset);
    const from = golden.steps - Math.min(golden.steps, Math.floor(golden.steps * golden.strength));
    return from === golden.steps ? { from } : { noiseStep: from, from };
  };

  describe.each(cases.filter((golden) => !golden.reference_defect))("$name", (golden) => {
    const sampler = samplerFor(golden);

    test("timesteps, sigmas and constants", () => {
      const fractional = golden.all_timesteps.some((t) => !Number.isInteger(t));
      const calls = sampler.dryRun().calls;
      expectClose(
        calls.map(({ timestep }) => timestep),
        golden.all_timesteps,
        fractional ? 1e-3 : 0,
      );
      expect(sampler.initNoiseSigma / golden.init_noise_sigma).toBeCloseTo(1, 5);
      const { stepsOffset, clipSample } = samplerDefaults(
        samplerName(golden.sampler),
        golden.group === "preview" ? "preview" : "generation",
      );
      expect(clipSample).toBe(golden.clip_sample);
      if (["ddim", "pndm", "ddpm"].includes(golden.sampler)) expect(stepsOffset).toBe(golden.steps_offset);
      if (golden.sigmas)
        expectSigmas(
          calls.map(({ level }) => level.sigma / level.alpha),
          golden.sigmas,
        );
    });

    test("trajectory", () => {
      const { noiseStep, from } = startOf(golden);
      const latents =
        noiseStep === undefined
          ? start!.map((value) => value * sampler.initNoiseSigma)
          : sampler.addNoise(initLatents!, addedNoise!, noiseStep);
      if (noiseStep !== undefined)
        expect(Math.abs(sampler.timesteps[noiseStep]! - golden.noise_timestep!)).toBeLessThan(1e-3);
      const expected = data(`${golden.name}/latents`);
      const inputs = data(`${golden.name}/inputs`);
      const within = Math.max(
        1e-5 * expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1),
        2 * golden.float64_difference,
      );

      let draws = 0;
      const run = sampler.sample(latents, {
        from,
        noise: (draw) => {
          expect(draw).toBe(draws++);
          return row(noise!, draw, size);
        },
        ...(golden.masked && { keep: { mask: mask!, initLatents: initLatents!, noise: addedNoise! } }),
      });
      let evaluations = 0;
      let next = run.next();
      while (!next.done) {
        const { latents: state, modelInput, timestep } = next.value;
        expect(Math.abs(timestep - golden.timesteps[evaluations]!)).toBeLessThan(1e-3);
        expect(largestDifference(state, row(expected, evaluations, size)), `call ${evaluations}`).toBeLessThan(within);
        expect(largestDifference(modelInput, row(inputs, evaluations, size)), `call ${evaluations}`).toBeLessThan(
          within,
        );
        evaluations++;
        next = run.next(network(modelInput, timestep));
      }
      expect(largestDifference(next.value, row(expected, evaluations, size))).toBeLessThan(within);
      expect([evaluations, draws]).toEqual([golden.evaluations, golden.noise_draws]);
      expect(sampler.dryRun(from)).toMatchObject({ noiseDraws: draws });
    });
  });

  test.each(Object.entries(aliases))("%s is %s", (alias, name) => {
    const settings = {
      schedule: noiseSchedule(),
      steps: 7,
      predictionType: "epsilon",
      stepsOffset: 1,
      clipSample: false,
    } as const;
    const [one, other] = [alias, name].map((each) => createSampler(samplerName(each), settings).dryRun());
    expect(one).toEqual(other);
  });
});

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(largestDifference(actual, expected)).toBeLessThanOrEqual(tolerance);
}

/** diffusers' tables list a sigma once per evaluation; ours come from the calls and also hold midpoints. */
function expectSigmas(actual: readonly number[], table: readonly number[]): void {
  const wanted = [...new Set(table)].slice(0, -1);
  for (const sigma of wanted)
    expect(
      actual.some((value) => Math.abs(value / sigma - 1) < 1e-5),
      `sigma ${sigma}`,
    ).toBe(true);
}
