import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test, vi } from "vitest";
import { formatError, machineProblem } from "./index.ts";

const folder = mkdtempSync(path.join(tmpdir(), "coinage-machine-"));
afterAll(() => rmSync(folder, { recursive: true }));
const isUnix = process.platform !== "win32";
const isRoot = process.geteuid?.() === 0;

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("what the system refuses has a code, the place and a remedy", () => {
  writeFileSync(path.join(folder, "file"), "");
  test.runIf(isUnix).each<[string, () => unknown, RegExp]>([
    [
      "a file that is gone",
      () => readFileSync(path.join(folder, "none")),
      /none cannot be used: it does not exist \(ENOENT/,
    ],
    ["a folder as a file", () => writeFileSync(folder, ""), /cannot be used: it is a folder \(EISDIR/],
    ["a file as a folder", () => readFileSync(path.join(folder, "file", "a")), /a part of the path is a file/],
    [
      "a long name",
      () => writeFileSync(path.join(folder, "x".repeat(300)), ""),
      /longer than the disk allows \(ENAMETOOLONG/,
    ],
    ["a kernel's folder", () => writeFileSync("/proc/none", ""), /\/proc\/none cannot be used/],
  ])("%s", (_, act, message) => {
    expect(machineProblem(thrownBy(act))).toMatchObject({
      code: "SYSTEM_REFUSED",
      message: expect.stringMatching(message),
      hint: expect.any(String),
    });
  });

  test.runIf(process.platform === "linux")("a full disk", () => {
    const problem = machineProblem(thrownBy(() => writeSync(openSync("/dev/full", "w"), "x")));
    expect(formatError(problem!)).toBe(
      "SYSTEM_REFUSED  The system refused a request: the disk is full (ENOSPC, write).\nFree some space, or choose a path on another disk.",
    );
  });

  test.runIf(isRoot)("a user without a home", () => {
    vi.stubEnv("HOME", undefined);
    process.seteuid!(54321);
    const error = thrownBy(homedir);
    process.seteuid!(0);
    vi.unstubAllEnvs();
    expect(machineProblem(error)).toMatchObject({
      code: "SYSTEM_REFUSED",
      message: expect.stringContaining("no home folder"),
      hint: expect.stringContaining("HOME"),
    });
  });
});

describe("too little memory is told as that", () => {
  const scarce = { code: "OUT_OF_MEMORY", hint: expect.stringContaining("--gradient_checkpointing") };

  test("in an array", () => {
    expect(machineProblem(thrownBy(() => new ArrayBuffer(2 ** 46)))).toMatchObject(scarce);
  });

  test("in a thread", async () => {
    // in large pieces: with small ones Node 26 sometimes never ends
    const hungry = new Worker("const all = []; for (;;) all.push(new Array(100000).fill(0.5));", {
      eval: true,
      resourceLimits: { maxOldGenerationSizeMb: 8 },
    });
    const error = await new Promise((resolve) => hungry.on("error", resolve));
    expect(machineProblem(error)).toMatchObject(scarce);
  });

  test.each([
    "DataCloneError: Data cannot be cloned, out of memory.",
    "Failed to allocate memory for requested buffer of size 8",
    "std::bad_alloc",
  ])("as %s", (message) => {
    expect(machineProblem(new Error(message))).toMatchObject(scarce);
  });
});

test.each([
  "PosixThread::PosixThread(...) pthread_create failed, error code: 11",
  "Worker initialization failure: EAGAIN",
])("too few threads are told as that: %s", (message) => {
  expect(machineProblem(new Error(message))).toMatchObject({
    code: "SYSTEM_REFUSED",
    hint: expect.stringContaining("--threads 1"),
  });
});

test.each([new TypeError("x is not a function"), new RangeError("Invalid typed array length: -1"), "text", undefined])(
  "a defect stays one: %s",
  (error) => {
    expect(machineProblem(error)).toBeUndefined();
  },
);
