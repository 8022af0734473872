import { expect, test } from "vitest";
import { LossScale } from "./loss-scale.ts";

test("a loss scale is halved by a gradient that overflows and doubled after 2000 steps without one, also across a state", () => {
  const scale = new LossScale();
  scale.update(false);
  expect(scale.value).toBe(32768);
  for (let step = 0; step < 1999; step++) scale.update(true);
  const resumed = new LossScale(scale.state());
  expect(resumed.value).toBe(32768);
  resumed.update(true);
  expect(resumed.value).toBe(65536);
  resumed.update(true);
  resumed.update(false);
  expect(resumed.state()).toEqual({ value: 32768, finiteSteps: 0 });
});
