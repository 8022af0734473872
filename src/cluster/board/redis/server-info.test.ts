import { expect, test } from "vitest";
import { serverWarnings } from "./server-info.ts";

test("a server that throws jobs away, or whose memory is half used, is warned of", () => {
  const facts = { version: "redis 7.0.15", usedBytes: 60, limitBytes: 0, policy: "noeviction" };
  expect(serverWarnings(facts)).toEqual([]);
  expect(serverWarnings({ ...facts, limitBytes: 120 })).toEqual([]);
  expect(serverWarnings({ ...facts, limitBytes: 119 })).toEqual([expect.stringContaining("more than half")]);
  expect(serverWarnings({ ...facts, limitBytes: 60 })).toEqual([expect.stringContaining("full")]);
  expect(serverWarnings({ ...facts, policy: "allkeys-lru" })).toEqual([expect.stringContaining("is allkeys-lru")]);
});
