import { expect, test } from "vitest";
import { ResidualMonitor } from "./residual.ts";
import { figuresOf, leastSquaresLine, pairedDifference, varianceRatio, windowOf } from "./statistics.ts";

test("the window is that of DVAR, shorter in short runs, and never below 6", () => {
  expect(windowOf(1, 6100)).toBe(310);
  expect(windowOf(10, 1000)).toBe(31);
  expect(windowOf(10, 500)).toBe(20);
  expect(windowOf(20, 200)).toBe(6);
});

test("differences are paired: what all items have in common does not count as error", () => {
  expect(pairedDifference([10, 1, 5], [9, 0, 4])).toEqual({ mean: 1, error: 0 });
  const { mean, error } = pairedDifference([2, 4], [1, 1]);
  expect([mean, error]).toEqual([2, 1]);
  expect(pairedDifference([2], [1]).error).toBe(Number.POSITIVE_INFINITY);
});

test("a line through points has their slope, and what is left of them as deviation", () => {
  expect(leastSquaresLine([0, 10, 20], [1, 0.5, 0])).toEqual({ slope: -0.05, deviation: 0 });
  expect(leastSquaresLine([0, 1, 2, 3], [0, 1, 0, 1]).deviation).toBeCloseTo(Math.sqrt(0.2), 12);
});

test("the ratio of variances is DVAR's: 1 with the first full window, then falling where losses stand still", () => {
  expect(varianceRatio([1, 0.5, 0.25], 3)).toBe(1);
  expect(varianceRatio([1, 0.5, 0.25, 0.25], 3)).toBeCloseTo(0.148148, 6);
});

test("figures of an evaluation compare it with the first one, item by item", () => {
  const history = [1, 0.5, 0.25, 0.25].map((loss, i) => ({ step: 10 * i, itemLosses: [loss, 3 * loss] }));
  expect(figuresOf(history.slice(0, 2), 3)).toMatchObject({ loss: 1, drop: 1, slope: undefined, ratio: undefined });
  const { loss, drop, dropError, slope, ratio } = figuresOf(history, 3);
  expect([loss, drop, dropError]).toEqual([0.5, 1.5, 0.75]);
  expect(slope).toBeCloseTo(-0.025, 12);
  expect(ratio).toBeCloseTo(0.148148, 6);
});

test("a residual is what is left of losses once their timesteps are accounted for", () => {
  const monitor = new ResidualMonitor();
  expect(monitor.residual([5], [1])).toBeUndefined();
  monitor.learn([0, 49, 950, 999], [1, 3, 0.1, 0.3]);
  expect(monitor.residual([10, 990], [2.5, 0.1])).toBeCloseTo((0.5 - 0.1) / 2, 12);
  // timestep 200 lies nearer to the first bin than to the last one
  expect(monitor.residual([200], [2])).toBeCloseTo(0, 12);
  expect(new ResidualMonitor(monitor.state()).residual([0], [4])).toBe(2);
});
