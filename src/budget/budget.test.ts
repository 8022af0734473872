import { expect, test } from "vitest";
import { Budget, limits, requireShallow, requireWithin } from "./index.ts";

const refusal = { code: "SAFETENSORS_INVALID", subject: "The header", where: "a.safetensors" } as const;
const refused = {
  code: "SAFETENSORS_INVALID",
  where: "a.safetensors",
  message: `The header asks for more than ${limits.nesting.max} levels of nesting.`,
};

test("an amount at the limit passes, one above it or not a number is refused", () => {
  requireWithin("nesting", limits.nesting.max, refusal);
  expect(() => requireWithin("nesting", limits.nesting.max + 1, refusal)).toThrow(expect.objectContaining(refused));
  expect(() => requireWithin("nesting", Number.NaN, refusal)).toThrow(expect.objectContaining(refused));
});

test("a budget adds up what is spent", () => {
  const budget = new Budget("nesting", refusal);
  budget.spend(limits.nesting.max - 1);
  budget.spend(1);
  expect(() => budget.spend(1)).toThrow(expect.objectContaining(refused));
});

test("nesting is counted without a stack", () => {
  const nested = (levels: number): unknown => {
    let data: unknown = 1;
    for (let level = 0; level < levels; level++) data = level % 2 ? [data, 2] : { a: data, b: null };
    return data;
  };
  requireShallow(nested(limits.nesting.max), refusal);
  for (const levels of [limits.nesting.max + 1, 100_000])
    expect(() => requireShallow(nested(levels), refusal)).toThrow(expect.objectContaining(refused));
});
