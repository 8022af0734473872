import { afterEach, expect, test } from "vitest";
import { processTerminal } from "./terminal.ts";

const { stderr } = process;
const own = Object.getOwnPropertyDescriptor(stderr, "columns");
afterEach(() => {
  if (own) Object.defineProperty(stderr, "columns", own);
  else Reflect.deleteProperty(stderr, "columns");
});

test.each([
  [0, 80],
  [undefined, 80],
  [40, 40],
])("a terminal that claims %s columns is taken to have %i", (claimed, taken) => {
  Object.defineProperty(stderr, "columns", { value: claimed, configurable: true, writable: true });
  expect(processTerminal().columns()).toBe(taken);
});
