import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import { arrayOf, type NdArray } from "../array/index.ts";
import {
  add,
  attention,
  constant,
  conv2d,
  dim,
  geglu,
  grad,
  groupNorm,
  input,
  layerNorm,
  linear,
  multiply,
  multiplyDims,
  reduceSum,
  reshape,
  reshapeLike,
  type Tensor,
  transpose,
  upsampleNearest,
} from "../graph/index.ts";
import { TorchGenerator } from "../random/index.ts";
import { openRuntime } from "./index.ts";

/** A Vulkan driver in software will do: Debian's chromium brings one, to be named in VK_ICD_FILENAMES. */
const hasDriver = existsSync(process.env.VK_ICD_FILENAMES ?? "");

const random = new TorchGenerator(11);
const frozen = (...shape: number[]) => constant(random.randn(shape, { std: 0.2 }));

/** A network in miniature with every kind of layer that the real ones have. */
function network(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape;
  const down = conv2d(groupNorm(x, 2, frozen(8), frozen(8), 1e-5), frozen(8, 8, 3, 3), frozen(8), {
    stride: 2,
    padding: [1, 1, 1, 1],
  });
  const up = conv2d(upsampleNearest(down, x), frozen(8, 8, 3, 3), frozen(8), { padding: [1, 1, 1, 1] });
  const tokens = transpose(reshape(up, [batch!, channels!, multiplyDims(height!, width!)]), [0, 2, 1]);
  const q = linear(layerNorm(tokens, frozen(8), frozen(8), 1e-5), frozen(8, 8), frozen(8));
  const seen = add(attention(q, tokens, tokens, { heads: 2 }), tokens);
  const rows = reshape(seen, [multiplyDims(batch!, height!, width!), 8]);
  const widened = reshapeLike(linear(geglu(linear(rows, frozen(16, 8), frozen(16))), frozen(8, 8)), seen);
  return add(reshapeLike(transpose(widened, [0, 2, 1]), x), x);
}

test.skipIf(!hasDriver)(
  "WebGPU computes what the CPU computes, nothing of it falling back to the CPU",
  { timeout: 300_000 },
  async () => {
    const x = input("x", "float32", [
      dim("batch"),
      8,
      dim("height", { multipleOf: 2 }),
      dim("width", { multipleOf: 2 }),
    ]);
    const y = network(x);
    const [dx] = grad(reduceSum(multiply(y, y), [0, 1, 2, 3]), [x]);
    const results: Record<string, NdArray>[] = [];
    for (const device of ["cpu", "webgpu"] as const) {
      const runtime = openRuntime({ device, refuseCpuFallback: device !== "cpu" });
      const program = await runtime.load({ y, dx: dx! });
      results.push(
        await program.run({
          x: arrayOf(
            [1, 8, 10, 8],
            Float32Array.from({ length: 640 }, (_, i) => Math.sin(i)),
          ),
        }),
      );
      await runtime.close();
    }
    for (const name of ["y", "dx"])
      expect(
        relativeDistance(results[1]![name]!.data as Float32Array, results[0]![name]!.data as Float32Array),
      ).toBeLessThan(1e-5);
  },
);
