import { expect, test } from "vitest";
import { arrayOf } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { chooseProducts } from "./precision.ts";
import { openRuntime, type Program, type Runtime } from "./runtime.ts";

const without = { products: "float32", refusal: expect.stringContaining("cannot compute with 16-bit numbers") };

/** A GPU with a program of its own making. */
function gpu(run: () => number): Runtime {
  const program = {
    run: async () => ({ y: arrayOf([1], Float32Array.of(run())) }),
    close: async () => undefined,
  } as unknown as Program;
  return { device: "webgpu", load: async () => program } as unknown as Runtime;
}

test("16 bits are tried out on a GPU before they are taken", async () => {
  expect(
    await chooseProducts(
      gpu(() => 16),
      true,
    ),
  ).toEqual({ products: "float16", refusal: undefined });
  expect(
    await chooseProducts(
      gpu(() => 0),
      true,
    ),
  ).toEqual(without);
  const refusing = gpu(() => {
    throw new CoinageError("RUNTIME", "ONNX Runtime: shader-f16 is not there");
  });
  expect(await chooseProducts(refusing, true)).toEqual(without);
  expect(await chooseProducts(refusing, false)).toEqual({ products: "float32", refusal: undefined });
});

test("what is no refusal of the device comes through", async () => {
  const broken = gpu(() => {
    throw new TypeError("a mistake");
  });
  await expect(chooseProducts(broken, true)).rejects.toThrow(TypeError);
});

test("the processor computes in float32 and says why", async () => {
  const runtime = openRuntime({ threads: 1 });
  expect(await chooseProducts(runtime, true)).toEqual({
    products: "float32",
    refusal: expect.stringContaining("processor"),
  });
  await runtime.close();
});
