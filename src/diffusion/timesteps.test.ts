import { describe, expect, test } from "vitest";
import { TorchGenerator } from "../random/index.ts";
import { drawTimesteps, spreadTimesteps } from "./timesteps.ts";

const stratified = { timestepSampling: "stratified" } as const;

function batches(count: number, draw: (generator: TorchGenerator) => number[]): number[][] {
  const generator = new TorchGenerator(7);
  return Array.from({ length: count }, () => draw(generator));
}

const variance = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
};

describe("timesteps that are spread over a step", () => {
  test("hit each stratum once, in random order, and every timestep equally often", () => {
    const drawn = batches(10_000, (generator) => spreadTimesteps(generator, 4, stratified));
    for (const batch of drawn) expect(batch.map((t) => Math.floor(t / 250)).sort()).toEqual([0, 1, 2, 3]);
    const places = [0, 0, 0, 0];
    for (const batch of drawn) places[batch.findIndex((t) => t < 250)]!++;
    for (const count of places) expect(Math.abs(count - 2500)).toBeLessThan(200);
    const counts = Array<number>(100).fill(0);
    for (const t of drawn.flat()) counts[Math.floor(t / 10)]!++;
    // chi-square with 99 degrees of freedom stays below 149 in 999 of 1000 cases; stratification only lowers it
    expect(counts.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0)).toBeLessThan(149);
  });

  test("make the mean of a smooth function vary five times less than independent ones", () => {
    const mean = (batch: number[]) => batch.reduce((sum, t) => sum + Math.exp((-5 * t) / 1000), 0) / 4;
    const spread = variance(batches(10_000, (generator) => spreadTimesteps(generator, 4, stratified)).map(mean));
    const free = variance(batches(10_000, (generator) => drawTimesteps(generator, 4)).map(mean));
    expect(free).toBeCloseTo(0.0151, 3);
    expect(spread).toBeCloseTo(0.0028, 3);
  });

  test("hit each stratum of a whole accumulated step once", () => {
    const generator = new TorchGenerator(1);
    for (let step = 0; step < 100; step++) {
      const parts = [0, 1, 2].map((index) => spreadTimesteps(generator, 2, stratified, { index, count: 3 }));
      const strata = parts.flat().map((t) => Math.floor((t * 6) / 1000));
      expect(strata.sort()).toEqual([0, 1, 2, 3, 4, 5]);
      // each micro-batch covers the range by itself
      for (const part of parts) expect(part.map((t) => Math.floor(t / 500)).sort()).toEqual([0, 1]);
    }
  });

  test("with cosine, are up to three times as often high as low", () => {
    const options = { timestepSampling: "cosine" } as const;
    const all = batches(10_000, (generator) => spreadTimesteps(generator, 4, options)).flat();
    const share = (low: number, high: number) => all.filter((t) => t >= low && t < high).length / all.length;
    expect(share(900, 1000) / share(0, 100)).toBeCloseTo(2.94, 0);
    expect(share(0, 500)).toBeCloseTo(0.5 - 0.5 / Math.PI, 2);
  });

  test.each(["stratified", "cosine"] as const)("stay in their range and follow it (%s)", (timestepSampling) => {
    const options = { timestepSampling, minTimestep: 600, maxTimestep: 700 };
    const all = batches(2000, (generator) => spreadTimesteps(generator, 5, options)).flat();
    expect([Math.min(...all), Math.max(...all)]).toEqual([600, 699]);
    expect(spreadTimesteps(new TorchGenerator(1), 2, { timestepSampling, minTimestep: 5, maxTimestep: 5 })).toEqual([
      5, 5,
    ]);
  });
});
