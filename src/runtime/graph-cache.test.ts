import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { arrayOf } from "../array/index.ts";
import { add, constant, input, type Tensor, weight } from "../graph/index.ts";
import { graphFolder } from "./graph-cache-choice.ts";
import { openRuntime } from "./runtime.ts";

const root = mkdtempSync(path.join(os.tmpdir(), "coinage-graphs-"));
const folder = path.join(root, "cache", "graphs");
const x = input("x", "float32", [2]);
const values = arrayOf([2], [1, 2]);

/** A long chain of additions. */
function chain(length: number, step = 1): Tensor {
  const one = constant(arrayOf([2], [step, step]));
  return Array.from({ length }).reduce<Tensor>((sum) => add(sum, one), x);
}

async function compute(y: Tensor): Promise<number[]> {
  const runtime = openRuntime({ threads: 1 });
  try {
    return [...(await (await runtime.load({ y })).run({ x: values })).y!.data].map(Number);
  } finally {
    await runtime.close();
  }
}
const kept = () => readdirSync(folder);

beforeEach(() => void vi.stubEnv("COINAGE_CACHE", path.dirname(folder)));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(path.dirname(folder), { recursive: true, force: true });
});
afterAll(() => rmSync(root, { recursive: true }));

test("an optimized large graph is cached and reused", async () => {
  expect(await compute(chain(300))).toEqual([301, 302]);
  const [name] = kept();
  expect(kept()).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.onnx$/)]);
  // the entry is what runs: replaced by another graph it gives other results
  expect(await compute(chain(300, 2))).toEqual([601, 602]);
  const other = kept().find((file) => file !== name)!;
  writeFileSync(path.join(folder, name!), readFileSync(path.join(folder, other)));
  expect(await compute(chain(300))).toEqual([601, 602]);
});

test("changed weights miss the cache", async () => {
  const file = path.join(root, "weights.bin");
  const stored = { dtype: "float16", shape: [2], bytes: { file, offset: 0, length: 4 } } as const;
  // converted when the session is created, so the values are cached with the graph
  const y = add(chain(300), weight("w", stored));
  for (const [bits, value] of [
    [0x3c00, 1],
    [0x4000, 2],
  ] as const) {
    writeFileSync(file, Uint16Array.of(bits, bits));
    expect(await compute(y)).toEqual([301 + value, 302 + value]);
  }
});

test("small graphs are not cached", async () => {
  expect(await compute(chain(3))).toEqual([4, 5]);
  expect(() => kept()).toThrow(/ENOENT/);
});

test("a damaged entry is replaced", async () => {
  await compute(chain(300));
  const file = path.join(folder, kept()[0]!);
  truncateSync(file, 100);
  expect(await compute(chain(300))).toEqual([301, 302]);
  expect(kept()).toHaveLength(1);
});

test("an unwritable cache folder is no obstacle", async () => {
  mkdirSync(root, { recursive: true });
  writeFileSync(path.dirname(folder), "a file in its place");
  expect(await compute(chain(300))).toEqual([301, 302]);
});

test("the least recently used graphs are evicted", async () => {
  mkdirSync(folder, { recursive: true });
  for (let age = 1; age <= 30; age++) {
    const file = path.join(folder, `${age}.onnx`);
    writeFileSync(file, "");
    utimesSync(file, new Date(), new Date(Date.now() - age * 60_000));
  }
  await compute(chain(300));
  expect(kept()).toHaveLength(24);
  expect(kept()).toContain("23.onnx");
  expect(kept()).not.toContain("24.onnx");
});

test("the folder is in the system's cache folder, where COINAGE_CACHE says, or nowhere", () => {
  expect(graphFolder({ XDG_CACHE_HOME: "/caches" })).toBe(path.resolve("/caches/coinage/graphs"));
  expect(graphFolder({ XDG_CACHE_HOME: "/caches", COINAGE_CACHE: "/mine" })).toBe(path.resolve("/mine/graphs"));
  expect(graphFolder({})).toBe(path.join(os.homedir(), ".cache", "coinage", "graphs"));
  expect(graphFolder({ COINAGE_CACHE: "off" })).toBeUndefined();
});
