import { expect, test } from "vitest";
import { sharedSteps } from "./plan.ts";

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
