import {
  linkSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { arrayOf } from "../array/index.ts";
import { input, matmul, weight } from "../graph/index.ts";
import { openRuntime, type Program, type Runtime } from "./index.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-weights-"));
const file = path.join(folder, "weights.bin");
const side = 64;
const values = (value: number) => new Float32Array(side * side).fill(value);
const stored = { dtype: "float32", shape: [side, side], bytes: { file, offset: 0, length: 4 * side * side } } as const;
const product = { y: matmul(input("x", "float32", [1, side]), weight("w", stored)) };
const x = arrayOf([1, side], new Float32Array(side).fill(1));
afterAll(() => rmSync(folder, { recursive: true }));

let runtime: Runtime;
let program: Program;
beforeEach(async () => {
  writeFileSync(file, values(1));
  runtime = openRuntime({ threads: 1 });
  program = await runtime.load(product);
});
afterEach(() => runtime.close());

const changed = { code: "WEIGHTS_CHANGED", message: expect.stringContaining(file), hint: expect.any(String) };
const firstOf = async () => (await program.run({ x })).y!.data[0];
/** Sets a later time: two writes may fall into one tick of the file system's clock. */
const writtenLater = () => utimesSync(file, new Date(), new Date(Date.now() + 5000));

describe("a weight file in use", () => {
  test("may be read and linked", async () => {
    expect(await firstOf()).toBe(side);
    readFileSync(file);
    linkSync(file, `${file}.link`);
    expect(await firstOf()).toBe(side);
  });

  test("is an error once it is overwritten in place", async () => {
    expect(await firstOf()).toBe(side);
    writeFileSync(file, values(2), { flag: "r+" });
    writtenLater();
    await expect(firstOf()).rejects.toMatchObject(changed);
    await expect(runtime.load(product)).rejects.toMatchObject(changed);
  });

  test("is an error once it is truncated: reading on would kill the process", async () => {
    truncateSync(file, 100);
    await expect(firstOf()).rejects.toMatchObject({
      ...changed,
      message: expect.stringContaining("had 16384 bytes and has 100"),
    });
  });

  test("is an error once it is replaced", async () => {
    writeFileSync(`${file}.new`, values(2));
    renameSync(`${file}.new`, file);
    writtenLater();
    await expect(firstOf()).rejects.toMatchObject(changed);
  });

  test.skipIf(process.platform === "win32")("may be deleted: what is mapped stays", async () => {
    rmSync(file);
    expect(await firstOf()).toBe(side);
  });

  test("is checked again after a run, whose results may contain what was written meanwhile", async () => {
    const running = firstOf();
    writtenLater();
    await expect(running).rejects.toMatchObject(changed);
  });
});
