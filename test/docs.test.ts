import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { referencePages } from "../scripts/docs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("reference pages", () => {
  test.each(Object.entries(referencePages()))("%s is fresh: else npm run docs", (page, text) => {
    expect(readFileSync(path.join(root, page), "utf8")).toBe(text);
  });
});
