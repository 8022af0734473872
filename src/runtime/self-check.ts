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
import type { Runtime } from "./runtime.ts";

const channels = 8;

/** Numbers that look random and are the same everywhere, about -0.2..0.2. */
function weights(...shape: number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return constant(
    arrayOf(
      shape,
      Float32Array.from({ length: count }, (_, i) => 0.2 * Math.sin(i * 12.9898 + count)),
    ),
  );
}

/** A network in miniature with every kind of layer that the real ones have. x: [B, 8, H, W], H and W even. */
function network(x: Tensor): Tensor {
  const [batch, , height, width] = x.shape;
  const normalized = groupNorm(x, 2, weights(channels), weights(channels), 1e-5);
  const down = conv2d(normalized, weights(channels, channels, 3, 3), weights(channels), {
    stride: 2,
    padding: [1, 1, 1, 1],
  });
  const up = conv2d(upsampleNearest(down, x), weights(channels, channels, 3, 3), weights(channels), {
    padding: [1, 1, 1, 1],
  });
  const tokens = transpose(reshape(up, [batch!, channels, multiplyDims(height!, width!)]), [0, 2, 1]);
  const q = linear(layerNorm(tokens, weights(channels), weights(channels), 1e-5), weights(channels, channels));
  const seen = add(attention(q, tokens, tokens, { heads: 2 }), tokens);
  const rows = reshape(seen, [multiplyDims(batch!, height!, width!), channels]);
  const widened = geglu(linear(rows, weights(4 * channels, channels), weights(4 * channels)));
  const mixed = reshapeLike(linear(widened, weights(channels, 2 * channels)), seen);
  return add(reshapeLike(transpose(mixed, [0, 2, 1]), x), x);
}

/** Output and gradient of the miniature network on a device: what another device must give too. */
export async function selfCheck(runtime: Runtime): Promise<Float32Array> {
  const even = { multipleOf: 2 };
  const x = input("x", "float32", [dim("batch"), channels, dim("height", even), dim("width", even)]);
  const y = network(x);
  const [dx] = grad(reduceSum(multiply(y, y), [0, 1, 2, 3]), [x]);
  const program = await runtime.load({ y, dx: dx! });
  const picture: NdArray = arrayOf(
    [1, channels, 10, 8],
    Float32Array.from({ length: channels * 80 }, (_, i) => Math.sin(i)),
  );
  const results = await program.run({ x: picture });
  await program.close();
  return Float32Array.from([...(results.y!.data as Float32Array), ...(results.dx!.data as Float32Array)]);
}
