import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { clipMerges, conceptsFolder, tinySdFolder } from "./index.ts";

test("everything that comes with the program is where it says", async () => {
  expect(existsSync(path.join(tinySdFolder, "model_index.json"))).toBe(true);
  expect(existsSync(path.join(conceptsFolder, "teal-checkered-ring.toml"))).toBe(true);
  expect((await clipMerges()).startsWith("#version")).toBe(true);
});

test("the merges are read once", () => {
  expect(clipMerges()).toBe(clipMerges());
});
