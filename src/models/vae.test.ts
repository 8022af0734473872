import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import { openTinySd } from "../../test/tiny-sd.ts";
import { dim, evaluateDim, input, type Tensor } from "../graph/index.ts";
import { TorchGenerator } from "../random/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { type DiffusionModel, vaeBands, vaeDecoder, vaeEncoder } from "./index.ts";

let runtime: Runtime;
let model: DiffusionModel;
beforeAll(async () => {
  runtime = openRuntime({ threads: 1 });
  model = await openTinySd();
});
afterAll(() => runtime.close());

const side = (name: string, multipleOf = 1) => dim(name, { multipleOf });

function decoded(bands: number): Record<string, Tensor> {
  const latents = input("latents", "float32", [dim("batch"), 4, side("height"), side("width")]);
  const { images } = vaeDecoder(model.vae.weights, model.vae.architecture, latents, bands);
  return { images };
}

function encoded(bands: number): Record<string, Tensor> {
  const { weights, architecture } = model.vae;
  const shape = [
    dim("batch"),
    3,
    side("height", architecture.vaeScaleFactor),
    side("width", architecture.vaeScaleFactor),
  ];
  const { mean, logvar } = vaeEncoder(weights, architecture, input("pictures", "float32", shape), bands);
  return { mean, logvar };
}

async function results(outputs: Record<string, Tensor>, name: string, shape: readonly number[]) {
  const program = await runtime.load(outputs);
  const arrays = await program.run({ [name]: new TorchGenerator(5).randn(shape) });
  await program.close();
  return Object.values(arrays);
}

describe.each([
  ["decoded", decoded, "latents", [2, 4, 9, 6]],
  ["encoded", encoded, "pictures", [2, 3, 72, 48]],
] as const)("images %s in bands", (_, graph, name, shape) => {
  test("equal those of the whole image, for any number of bands, also unequal ones", async () => {
    const whole = await results(graph(1), name, shape);
    for (const bands of [2, 5, 9]) {
      const banded = await results(graph(bands), name, shape);
      banded.forEach((array, i) => {
        expect(array.shape).toEqual(whole[i]!.shape);
        expect(relativeDistance(array.data as Float32Array, whole[i]!.data as Float32Array)).toBeLessThan(3e-6);
      });
    }
  });

  test("need no intermediate result of full size", () => {
    const sizes = new Map([
      ["batch", 1],
      ["height", name === "latents" ? 64 : 512],
      ["width", name === "latents" ? 64 : 512],
    ]);
    expect(largestResult(graph(8), sizes)).toBeLessThan(largestResult(graph(1), sizes) / 6);
  });
});

/** Elements of the largest intermediate tensor. */
function largestResult(outputs: Record<string, Tensor>, sizes: ReadonlyMap<string, number>): number {
  const seen = new Set<unknown>();
  const pending: (Tensor | undefined)[] = Object.values(outputs);
  let largest = 0;
  while (pending.length > 0) {
    const source = pending.pop()?.source;
    if (source?.kind !== "node" || seen.has(source.node)) continue;
    seen.add(source.node);
    pending.push(...source.node.inputs);
    for (const { shape } of source.node.outputs)
      largest = Math.max(
        largest,
        shape.reduce<number>((product, size) => product * evaluateDim(size, sizes), 1),
      );
  }
  return largest;
}

test("bands are as many as wanted but never empty, and by default eight for more than 512 x 512 pixels", () => {
  expect([1, 2, 3, 4, 8, 64, 1000].map((wanted) => vaeBands(64, 64, wanted))).toEqual([1, 2, 3, 4, 8, 64, 64]);
  expect([5, 6, 7].map((wanted) => vaeBands(9, 9, wanted))).toEqual([5, 5, 5]);
  expect(vaeBands(64, 64)).toBe(1);
  expect(vaeBands(128, 128)).toBe(8);
  expect(vaeBands(65, 64)).toBe(8);
  expect(vaeBands(2, 4096)).toBe(2);
});
