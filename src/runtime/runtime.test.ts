import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arrayOf } from "../array/index.ts";
import { add, dim, input, multiplyDims, rawWeight, scalar, toFloat32, weight } from "../graph/index.ts";
import { openRuntime, type Program, type Runtime } from "./index.ts";

describe("a program", () => {
  let runtime: Runtime;
  let program: Program;
  beforeAll(async () => {
    runtime = openRuntime({ threads: 1 });
    const batch = dim("batch");
    const x = input("values", "float32", [batch, dim("side", { multipleOf: 8 })]);
    const y = input("other", "float32", [multiplyDims(2, batch), 1]);
    program = await runtime.load({ sum: add(x, scalar(1)), other: y });
  });
  afterAll(() => runtime.close());

  const values = arrayOf([1, 8], [0, 1, 2, 3, 4, 5, 6, 7]);
  const other = arrayOf([2, 1], [5, 6]);

  test("computes its outputs by name", async () => {
    const { sum } = await program.run({ values, other });
    expect(sum).toEqual({ dtype: "float32", shape: [1, 8], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  });

  test.each([
    ["a missing feed", { values }, /"other" is missing/],
    ["a feed of another name", { values, othr: other }, /"othr" is not an input.*"other" is/],
    ["another number of axes", { values: arrayOf([8], values.data), other }, /\[batch, side\], not \[8\]/],
    [
      "sizes that contradict each other",
      { values, other: arrayOf([4, 1], [1, 2, 3, 4]) },
      /"other" must have the shape/,
    ],
    ["a size that is no multiple", { values: arrayOf([1, 4], [1, 2, 3, 4]), other }, /multiple of 8/],
    ["values that do not fill the shape", { values: { ...values, shape: [1, 16] }, other }, /8 values but the shape/],
    ["another type", { values: { ...values, dtype: "int32" as const }, other }, /must be float32, not int32/],
  ])("refuses %s", async (_, feeds, message) => {
    await expect(program.run(feeds)).rejects.toThrow(message);
    await expect(program.run(feeds)).rejects.toMatchObject({ code: "FEED" });
  });

  test("that needs more memory than there is reports it, and the next one runs", async () => {
    const [column, row] = [input("column", "float32", [dim("rows"), 1]), input("row", "float32", [1, dim("columns")])];
    const hungry = await runtime.load({ sum: add(column, row) });
    const side = 2 ** 22;
    const feeds = {
      column: arrayOf([side, 1], new Float32Array(side)),
      row: arrayOf([1, side], new Float32Array(side)),
    };
    await expect(hungry.run(feeds)).rejects.toMatchObject({ code: "OUT_OF_MEMORY", hint: expect.any(String) });
    expect((await program.run({ values, other })).other?.data).toEqual(other.data);
    await hungry.close();
  });

  test("leaves the caller's thread free while it computes", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    for (let i = 0; i < 50; i++) await program.run({ values, other });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});

describe("weights", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-weights-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("are read from their file, at any offset, in their stored dtype", async () => {
    const file = path.join(folder, "weights.bin");
    writeFileSync(file, Buffer.from([9, 9, 9, 0x00, 0x3c, 0x00, 0xc0, 0x80, 0x3f, 0x00, 0x00])); // 3 bytes, then f16 1 and -2, then bf16 1 and 0
    const at = (dtype: "float16" | "bfloat16", offset: number) => ({
      dtype,
      shape: [2],
      bytes: { file, offset, length: 4 },
    });
    const runtime = openRuntime({ threads: 1 });
    const half = weight("half", at("float16", 3));
    const raw = toFloat32(rawWeight("raw", at("bfloat16", 7)));
    const program = await runtime.load({ half: add(half, scalar(0)), raw: add(raw, scalar(0)) });
    const results = await program.run({});
    expect([results.half!.data, results.raw!.data]).toEqual([Float32Array.of(1, -2), Float32Array.of(1, 0)]);
    await runtime.close();
  });

  test("in a truncated file are an error with a code", async () => {
    const file = path.join(folder, "short.bin");
    writeFileSync(file, Buffer.alloc(4));
    const runtime = openRuntime({ threads: 1 });
    const stored = { dtype: "float32", shape: [4], bytes: { file, offset: 0, length: 16 } } as const;
    await expect(runtime.load({ y: add(weight("w", stored), scalar(1)) })).rejects.toMatchObject({ code: "RUNTIME" });
    await runtime.close();
  });
});

test("a closed runtime refuses requests", async () => {
  const runtime = openRuntime({ threads: 1 });
  const program = await runtime.load({ y: add(input("x", "float32", [1]), scalar(1)) });
  await runtime.close();
  await expect(program.run({ x: arrayOf([1], [1]) })).rejects.toThrow(/closed/);
});

test("a runtime that is closed while it computes refuses what is left, and the process lives on", async () => {
  const [column, row] = [input("column", "float32", [300, 1]), input("row", "float32", [1, 300])];
  const feeds = { column: arrayOf([300, 1], new Float32Array(300)), row: arrayOf([1, 300], new Float32Array(300)) };
  for (let i = 0; i < 5; i++) {
    const runtime = openRuntime({ threads: 1 });
    const program = await runtime.load({ sum: add(column, row) });
    const runs = Array.from({ length: 50 }, () => program.run(feeds));
    const ends = Promise.allSettled(runs);
    await runs[0];
    await runtime.close();
    const last = (await ends).at(-1)!;
    expect(last).toMatchObject({
      status: "rejected",
      reason: { code: "RUNTIME", message: expect.stringMatching("closed") },
    });
  }
});
