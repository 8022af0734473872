import { describe, expect, test } from "vitest";
import type { PredictionType } from "../noise-level.ts";
import { noiseSchedule } from "../noise-schedule.ts";
import { createSampler, type SamplerName, samplerDefaults, samplerName, samplerNames } from "./names.ts";
import { imageToImageStart, type SampleOptions, type Sampler } from "./sampler.ts";

const schedule = noiseSchedule();

function create(name: SamplerName, steps: number, predictionType: PredictionType = "epsilon"): Sampler {
  return createSampler(name, { schedule, steps, predictionType, ...samplerDefaults(name, "generation") });
}

/** Runs a sampler with a one-line network. */
function run(sampler: Sampler, start: readonly number[], options: SampleOptions = {}): number[] {
  const walk = sampler.sample(
    start.map((value) => value * sampler.initNoiseSigma),
    options,
  );
  let next = walk.next();
  while (!next.done) {
    const { modelInput, timestep } = next.value;
    next = walk.next(modelInput.map((x) => 0.5 * x + 0.1 * Math.sin(timestep / 100)));
  }
  return [...next.value];
}

describe("reference vectors", () => {
  test.each<[SamplerName, number, PredictionType, number, number]>([
    ["ddim", 10, "epsilon", 2.084331, -1.246669],
    ["ddim", 10, "v_prediction", 0.3773922, -0.2334862],
    ["pndm", 30, "epsilon", 2.305475, -1.343975],
    ["pndm", 10, "v_prediction", 0.4086229, -0.2348295],
    ["lms", 20, "epsilon", 2.664796, -1.453488],
    ["euler", 10, "epsilon", 3.024401, -1.571831],
    ["euler_a", 10, "epsilon", 2.203186, -1.374296],
    ["euler_a", 10, "v_prediction", 0.2958287, -0.2507987],
    ["heun", 10, "epsilon", 2.492048, -1.415979],
    ["dpm_2", 10, "epsilon", 2.543325, -1.444555],
    ["dpm_2_a", 10, "epsilon", 1.489527, -1.062932],
    ["dpmsolver++", 5, "epsilon", 2.864947, -1.447801],
    ["dpmsolver", 10, "epsilon", 2.721363, -1.506814],
    ["dpmsingle", 21, "epsilon", 2.617872, -1.469273],
  ])("%s, %i steps, %s", (name, steps, predictionType, first, second) => {
    const result = run(create(name, steps, predictionType), [1, -0.5], { noise: () => [0.3, -0.2] });
    expect(result[0]).toBeCloseTo(first, 4);
    expect(result[1]).toBeCloseTo(second, 4);
  });
});

describe.each(samplerNames)("%s", (name) => {
  test.each([1, 2, 3, 5])("finishes in %i steps", (steps) => {
    const sampler = create(name, steps);
    let draws = 0;
    const result = run(sampler, [1, -0.5], {
      noise: (draw) => {
        expect(draw).toBe(draws++);
        return [0.3, -0.2];
      },
    });
    expect(result.every(Number.isFinite)).toBe(true);
    expect(sampler.timesteps).toHaveLength(steps);
    expect(sampler.dryRun().noiseDraws).toBe(draws);
  });

  test("steps and timesteps of its calls", () => {
    const sampler = create(name, 8);
    const { calls } = sampler.dryRun(3);
    const firstOfStep = calls.filter(({ step }, i) => step !== calls[i - 1]?.step);
    expect(firstOfStep.map(({ step }) => step)).toEqual([3, 4, 5, 6, 7]);
    expect(firstOfStep.map(({ timestep }) => timestep)).toEqual(sampler.timesteps.slice(3));
  });

  test("a mask keeps the initial latents up to the last call's noise level", () => {
    const sampler = create(name, 10);
    const keep = { mask: [1, 0], initLatents: [5, 5], noise: [-1, -1] };
    const [kept, painted] = run(sampler, [1, -0.5], { keep, noise: () => [0, 0] });
    const { alpha, sigma } = sampler.dryRun().calls.at(-1)!.level;
    expect(kept).toBeCloseTo(5 * alpha - sigma, 5);
    expect(Math.abs(painted! - 5)).toBeGreaterThan(1);
  });

  test.each([0, 1001, 2.5, Number.NaN])("refuses %d steps", (steps) => {
    expect(() => create(name, steps)).toThrow(expect.objectContaining({ code: "SAMPLER_STEPS" }));
  });
});

test("a stochastic sampler asks for its noise", () => {
  expect(() => run(create("euler_a", 4), [1])).toThrow("needs noise");
});

test("an offset beyond the schedule is refused", () => {
  expect(() => create("ddim", 1000)).toThrow(expect.objectContaining({ code: "SAMPLER_STEPS" }));
  expect(create("ddim", 999).timesteps[0]).toBe(999);
});

test("an unknown sampler is refused with the nearest name", () => {
  const hint = expect.stringMatching(/Did you mean euler_a\?.*dpmsolver\+\+/);
  expect(() => samplerName("euler-a")).toThrow(expect.objectContaining({ code: "SAMPLER_UNKNOWN", hint }));
  expect(() => samplerName("toString")).toThrow(expect.objectContaining({ code: "SAMPLER_UNKNOWN" }));
});

test("image-to-image starts", () => {
  expect(imageToImageStart(50, 0.8, 1)).toEqual({ noiseStep: 9, from: 10 });
  expect(imageToImageStart(50, 1, 1)).toEqual({ noiseStep: 0, from: 1 });
  expect(imageToImageStart(50, 0, 1)).toEqual({ noiseStep: 49, from: 50 });
  expect(imageToImageStart(50, 0.01, 0)).toEqual({ from: 50 });
});
