import { expect, test } from "vitest";
import { TorchGenerator } from "../../random/index.ts";
import { NoiseScale, sharedSteps } from "./scaling.ts";

/** Micro-batches whose gradients are a fixed vector of length 1 and noise of a known variance per sample. */
function step(random: TorchGenerator, count: number, samples: number, variance: number) {
  const width = 64;
  return Array.from({ length: count }, () => {
    const noise = random.randn([width], { dtype: "float64", std: Math.sqrt(variance / width / samples) }).data;
    const row = Float64Array.from(noise, (value) => (value + 1 / Math.sqrt(width)) / count);
    return { loss: 0, sampleLosses: [], timesteps: [], gradients: [new Map([[49408, row]])] };
  });
}

test("the noise scale is the variance of a sample's gradient over the square of the true one", () => {
  const random = new TorchGenerator(1);
  for (const variance of [4, 40]) {
    const scale = new NoiseScale();
    for (let i = 0; i < 400; i++) scale.note(step(random, 8, 2, variance), 2, 8);
    expect(scale.value! / variance).toBeGreaterThan(0.7);
    expect(scale.value! / variance).toBeLessThan(1.4);
  }
});

test("one micro-batch says nothing about it, and a few steps too little", () => {
  const random = new TorchGenerator(2);
  const scale = new NoiseScale();
  for (let i = 0; i < 100; i++) scale.note(step(random, 1, 2, 4), 2, 1);
  for (let i = 0; i < 10; i++) scale.note(step(random, 4, 2, 4), 2, 4);
  expect(scale.value).toBeUndefined();
});

test("workers beyond the micro-batches of a step bring nothing", () => {
  const steps = sharedSteps(8, 4, 16);
  expect(steps.map(({ workers }) => workers)).toEqual([1, 2, 4, 8, 16]);
  const [one, two, four, eight, sixteen] = steps.map(({ seconds }) => seconds);
  expect(one).toBeGreaterThan(8);
  expect(two! / one!).toBeCloseTo(0.5, 2);
  expect(four! / one!).toBeCloseTo(0.25, 2);
  expect([eight, sixteen]).toEqual([four, four]);
});

test("fast devices wait for the network", () => {
  const [one, , , , sixteen] = sharedSteps(0.32, 16, 16);
  expect(one!.speedup).toBeLessThan(1);
  expect(sixteen!.speedup).toBeLessThan(9);
});
