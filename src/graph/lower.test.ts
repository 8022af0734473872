import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  type StoredArray,
} from "../array/index.ts";
import { TorchGenerator } from "../random/index.ts";
import { type LoadOptions, openRuntime, type Runtime } from "../runtime/index.ts";
import {
  add,
  attention,
  conv2d,
  dim,
  grad,
  input,
  linear,
  matmul,
  multiply,
  multiplyDims,
  reduceSum,
  reshape,
  silu,
  softmax,
  type Tensor,
  transpose,
  weight,
} from "./index.ts";
import { inFloat16 } from "./lower.ts";

const channels = 256;
const random = new TorchGenerator(5);
const pictures = random.randn([2, channels, 8, 6]);
const weights = [
  { name: "kernels", shape: [channels, channels, 3, 3] },
  { name: "matrix", shape: [channels, channels] },
].map(({ name, shape }) => {
  const spread = Math.sqrt(shape.slice(1).reduce((product, size) => product * size));
  return { name, shape, values: random.randn(shape).data.map((value) => value / spread) };
});
let runtime: Runtime;

beforeAll(() => {
  runtime = openRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const types = {
  float16: { encode: float32ToFloat16, decode: float16ToFloat32 },
  bfloat16: { encode: float32ToBfloat16, decode: bfloat16ToFloat32 },
};

/** A convolution, attention and a matrix product, with the gradient through all of them. precision: to which weights are rounded; isWide: they are nevertheless stored in float32;
 *  side: typical height and width. */
async function compute(
  precision: keyof typeof types,
  isWide: boolean,
  options?: LoadOptions,
  side = 1,
): Promise<Float32Array> {
  const { encode, decode } = types[precision];
  const [kernels, matrix] = weights.map(({ name, shape, values }) => {
    const half = Uint16Array.from(values, encode);
    const stored: StoredArray = isWide
      ? { dtype: "float32", shape, bytes: new Uint8Array(Float32Array.from(half, decode).buffer) }
      : { dtype: precision, shape, bytes: new Uint8Array(half.buffer) };
    return weight(name, stored);
  });
  const x = input("x", "float32", [
    ...[dim("batch"), channels],
    ...[dim("height", { nominal: side }), dim("width", { nominal: side })],
  ]);
  const h = add(conv2d(silu(x), kernels!, undefined, { padding: [1, 1, 1, 1] }), x);
  const [batch, , height, width] = x.shape;
  const tokens = transpose(reshape(h, [batch!, channels, multiplyDims(height!, width!)]), [0, 2, 1]);
  const y = linear(attention(tokens, tokens, tokens, { heads: 4 }), matrix!);
  const [dx] = grad(reduceSum(multiply(y, y), [0, 1, 2]), [x]);
  const program = await runtime.load({ y, dx: dx! }, options);
  const results = await program.run({ x: pictures });
  await program.close();
  return Float32Array.from([...(results.y!.data as Float32Array), ...(results.dx!.data as Float32Array)]);
}

test.each(["float16", "bfloat16"] as const)("%s weights give what the same numbers in float32 give", async (type) => {
  const expected = await compute(type, true);
  expect(relativeDistance(await compute(type, false), expected)).toBeLessThan(1e-6);
  for (const side of [1, 16]) {
    const found = await compute(type, false, { withoutKernelCopies: true }, side);
    expect(relativeDistance(found, expected)).toBeLessThan(1e-6);
  }
});

// CPUs have no float16 products and drop the conversions: this shows that the graph is valid
test("a graph in float16 agrees with float32", async () => {
  const exact = await compute("float16", true);
  for (const isWide of [true, false])
    expect(relativeDistance(await compute("float16", isWide, { computeDtype: "float16" }), exact)).toBeLessThan(2e-3);
});

describe("in float16", () => {
  const nodeOf = ({ source }: Tensor) => (source.kind === "node" ? source.node : undefined);
  const lowered = (tensor: Tensor) => inFloat16(tensor, nodeOf(tensor)!);
  const x = input("x", "float32", [dim("batch"), channels]);

  test("operands are converted, 16-bit weights used as stored, and the result is float32", () => {
    const stored: StoredArray = { dtype: "float16", shape: [8, channels], bytes: new Uint8Array(16 * channels) };
    const y = lowered(matmul(x, weight("w", stored), { transposeB: true }))!;
    expect(y.dtype).toBe("float32");
    const product = nodeOf(nodeOf(y)!.inputs[0]!)!;
    expect(product.opType).toBe("FusedMatMul");
    expect(product.inputs.map((operand) => [operand!.dtype, operand!.source.kind])).toEqual([
      ["float16", "node"],
      ["float16", "weight"],
    ]);
  });

  test("everything else stays float32, as does the selection of learned embeddings", () => {
    expect(lowered(silu(x))).toBeUndefined();
    expect(lowered(softmax(x))).toBeUndefined();
    const vectors = dim("vectors");
    const selected = matmul(
      input("selection", "float32", [77, vectors]),
      input("rows", "float32", [vectors, channels]),
    );
    expect(lowered(selected)).toBeUndefined();
  });
});
