import { expect, test } from "vitest";
import { arrayOf } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { chooseComputeDtype } from "./open-device.ts";
import { openRuntime, type Program, type Runtime } from "./runtime.ts";

const without = {
  computeDtype: "float32",
  fallbackReason: expect.stringContaining("does not support 16-bit numbers"),
};

/** A fake GPU whose program gives a fixed result. */
function gpu(run: () => number): Runtime {
  const program = {
    run: async () => ({ y: arrayOf([1], Float32Array.of(run())) }),
    close: async () => undefined,
  } as unknown as Program;
  return { device: "webgpu", load: async () => program } as unknown as Runtime;
}

test("float16 is tried on a GPU before it is used", async () => {
  expect(
    await chooseComputeDtype(
      gpu(() => 16),
      true,
    ),
  ).toEqual({ computeDtype: "float16", fallbackReason: undefined });
  expect(
    await chooseComputeDtype(
      gpu(() => 0),
      true,
    ),
  ).toEqual(without);
  const refusing = gpu(() => {
    throw new CoinageError("RUNTIME", "ONNX Runtime: shader-f16 is not there");
  });
  expect(await chooseComputeDtype(refusing, true)).toEqual(without);
  expect(await chooseComputeDtype(refusing, false)).toEqual({ computeDtype: "float32", fallbackReason: undefined });
});

test("an error that says nothing about half precision is passed on", async () => {
  const broken = gpu(() => {
    throw new TypeError("a mistake");
  });
  await expect(chooseComputeDtype(broken, true)).rejects.toThrow(TypeError);
});

test("the processor computes in float32 and says why", async () => {
  const runtime = openRuntime({ threads: 1 });
  expect(await chooseComputeDtype(runtime, true)).toEqual({
    computeDtype: "float32",
    fallbackReason: expect.stringContaining("processor"),
  });
  await runtime.close();
});
