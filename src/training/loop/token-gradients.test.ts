import { expect, test } from "vitest";
import {
  addAtPositions,
  addGradients,
  clipFactor,
  frozenGradients,
  gradientNorm,
  learnedGradients,
  type TokenGradients,
} from "./token-gradients.ts";

const positions = Float32Array.of(1, 2, 10, 20, 100, 200);

test("positions of one id add up", () => {
  const gradients: TokenGradients = new Map();
  addAtPositions(gradients, [7, 49409, 7], positions);
  expect(gradients).toEqual(
    new Map([
      [7, Float64Array.of(101, 202)],
      [49409, Float64Array.of(10, 20)],
    ]),
  );
  addGradients(
    gradients,
    new Map([
      [7, Float64Array.of(1, 1)],
      [8, Float64Array.of(3, 4)],
    ]),
  );
  expect([gradients.get(7), gradients.get(8)]).toEqual([Float64Array.of(102, 203), Float64Array.of(3, 4)]);
});

test("gradients are clipped by the norm over all tokens, learned or not", () => {
  const gradients: TokenGradients = new Map([
    [5, Float64Array.of(0, 4)],
    [49408, Float64Array.of(3, 0)],
  ]);
  const norm = gradientNorm([gradients]);
  expect(norm).toBe(5);
  const factor = clipFactor(norm, 1);
  expect(learnedGradients(gradients, 2, 2, factor)).toEqual(Float32Array.of(3 / (5 + 1e-6), 0, 0, 0));
  expect([...frozenGradients(gradients, factor).keys()]).toEqual([5]);
  expect([clipFactor(norm, 0), clipFactor(0.5, 1)]).toEqual([1, 1]);
});
