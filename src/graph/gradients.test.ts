import { afterAll, beforeAll, expect, test } from "vitest";
import { nodesBehind } from "../../test/graph-nodes.ts";
import { arrayOf, type NdArray } from "../array/index.ts";
import { TorchGenerator } from "../random/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import {
  absolute,
  add,
  attention,
  clamp,
  concat,
  conv2d,
  cos,
  type Dim,
  dim,
  divide,
  evaluateDim,
  exp,
  geglu,
  gelu,
  grad,
  groupNorm,
  input,
  layerNorm,
  linear,
  lookup,
  matmul,
  multiply,
  negate,
  quickGelu,
  reduceSum,
  reshape,
  reshapeLike,
  scale,
  silu,
  sin,
  slice,
  softmax,
  sqrt,
  square,
  subtract,
  type Tensor,
  transpose,
  upsampleNearest,
} from "./index.ts";

const random = new TorchGenerator(7);
let runtime: Runtime;
beforeAll(() => {
  runtime = openRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

type Shapes = Readonly<Record<string, readonly Dim[]>>;
type Build = (inputs: Readonly<Record<string, Tensor>>) => Tensor;

const size = (low: number, high: number) => random.randint(low, high + 1, [1])[0]!;

/** Actual sizes of the symbolic dims below. */
const sizes = new Map<string, number>();

/** A size with the given nominal value, which decides how attention is divided into blocks. */
function sized(name: string, real: number, nominal: number): Dim {
  sizes.set(name, real);
  return dim(name, { nominal });
}

const real = (shape: readonly Dim[]) => shape.map((value) => evaluateDim(value, sizes));

/** Every operation, on random shapes. Inputs named `frozen...` are weights, whose gradient is not checked; `positive...` are kept away from 0. */
const operations: Readonly<Record<string, () => readonly [Shapes, Build]>> = {
  "add, broadcasting": () => [{ a: [2, 3, size(1, 4)], b: [3, 1] }, ({ a, b }) => add(a!, b!)],
  "subtract, broadcasting": () => [{ a: [3, 1], b: [2, 3, size(2, 4)] }, ({ a, b }) => subtract(a!, b!)],
  "multiply, broadcasting": () => [{ a: [2, 1, 4], b: [size(2, 4), 1] }, ({ a, b }) => multiply(a!, b!)],
  divide: () => [{ a: [2, size(2, 4)], positiveB: [2, 1] }, ({ a, positiveB }) => divide(a!, positiveB!)],
  negate: () => [{ x: [size(1, 6)] }, ({ x }) => negate(x!)],
  scale: () => [{ x: [size(1, 6)] }, ({ x }) => scale(x!, -2.5)],
  sqrt: () => [{ positiveX: [size(1, 6)] }, ({ positiveX }) => sqrt(positiveX!)],
  square: () => [{ x: [size(1, 6)] }, ({ x }) => square(x!)],
  absolute: () => [{ positiveX: [3, size(1, 6)] }, ({ positiveX }) => absolute(negate(positiveX!))],
  exp: () => [{ x: [size(1, 6)] }, ({ x }) => exp(x!)],
  sin: () => [{ x: [size(1, 6)] }, ({ x }) => sin(x!)],
  cos: () => [{ x: [size(1, 6)] }, ({ x }) => cos(x!)],
  "clamp, inside": () => [{ x: [size(1, 6)] }, ({ x }) => clamp(x!, -30, 30)],
  "clamp, outside": () => [{ positiveX: [size(1, 6)] }, ({ positiveX }) => clamp(positiveX!, -1, 0.1)],
  silu: () => [{ x: [2, size(2, 8)] }, ({ x }) => silu(x!)],
  "quick GELU": () => [{ x: [2, size(2, 8)] }, ({ x }) => quickGelu(x!)],
  GELU: () => [{ x: [2, size(2, 8)] }, ({ x }) => gelu(x!)],
  GEGLU: () => [{ x: [3, 2 * size(1, 5)] }, ({ x }) => geglu(x!)],
  softmax: () => [{ x: [2, size(2, 8)] }, ({ x }) => softmax(x!)],
  "matrix product": () => [{ a: [2, 3, 4], b: [4, size(2, 5)] }, ({ a, b }) => matmul(a!, b!)],
  "matrix product, both transposed": () => [
    { a: [2, 4, 3], b: [2, size(2, 5), 4] },
    ({ a, b }) => matmul(a!, b!, { transposeA: true, transposeB: true, factor: 0.5 }),
  ],
  "linear layer": () => [
    { x: [2, 3, 4], frozenWeight: [size(2, 6), 4] },
    ({ x, frozenWeight }) => linear(x!, frozenWeight!),
  ],
  lookup: () => [{ table: [5, size(2, 4)] }, ({ table }) => lookup(table!, identifiers)],
  reshape: () => [{ x: [2, 6, 2] }, ({ x }) => reshape(x!, [4, 6])],
  reshapeLike: () => [{ x: [2, 6], model: [3, 4] }, ({ x, model }) => reshapeLike(x!, model!)],
  transpose: () => [{ x: [2, 3, size(1, 4)] }, ({ x }) => transpose(x!, [2, 0, 1])],
  concat: () => [{ a: [2, size(1, 4)], b: [2, size(1, 4)] }, ({ a, b }) => concat([a!, b!, a!], 1)],
  slice: () => [{ x: [2, 6] }, ({ x }) => slice(x!, 1, size(0, 2), size(3, 6))],
  "layer norm": () => [
    { x: [2, 3, 8], frozenGamma: [8], frozenBeta: [8] },
    ({ x, frozenGamma, frozenBeta }) => layerNorm(x!, frozenGamma!, frozenBeta!, 1e-5),
  ],
  "group norm": () => [
    { x: [2, 6, size(2, 4), size(2, 4)], frozenGamma: [6], frozenBeta: [6] },
    ({ x, frozenGamma, frozenBeta }) => groupNorm(x!, 3, frozenGamma!, frozenBeta!, 1e-5),
  ],
  "convolution 3x3": () => [
    { x: [2, 3, size(3, 6), size(3, 6)], frozenWeight: [4, 3, 3, 3], frozenBias: [4] },
    ({ x, frozenWeight, frozenBias }) => conv2d(x!, frozenWeight!, frozenBias!, { padding: [1, 1, 1, 1] }),
  ],
  "convolution 1x1": () => [
    { x: [2, 3, size(2, 5), 3], frozenWeight: [4, 3, 1, 1] },
    ({ x, frozenWeight }) => conv2d(x!, frozenWeight!, undefined),
  ],
  "convolution, stride 2": () => [
    { x: [1, 2, size(4, 8), size(4, 8)], frozenWeight: [3, 2, 3, 3] },
    ({ x, frozenWeight }) => conv2d(x!, frozenWeight!, undefined, { stride: 2, padding: [1, 1, 1, 1] }),
  ],
  "convolution, stride 2, padded on one side": () => [
    { x: [1, 2, size(4, 8), size(4, 8)], frozenWeight: [3, 2, 3, 3] },
    ({ x, frozenWeight }) => conv2d(x!, frozenWeight!, undefined, { stride: 2, padding: [0, 0, 1, 1] }),
  ],
  "upsampling, doubled": () => [{ x: [1, 2, size(1, 4), size(1, 4)] }, ({ x }) => upsampleNearest(x!)],
  "upsampling to an odd size": () => [
    { x: [1, 2, 3, 4], target: [1, 1, 5, 7] },
    ({ x, target }) => upsampleNearest(x!, target!),
  ],
  "self-attention": () => [
    { q: [2, size(2, 6), 6], k: [2, 4, 6], v: [2, 4, 6] },
    ({ q, k, v }) => attention(q!, k!, v!, { heads: 2 }),
  ],
  "causal attention": () => [{ x: [1, 5, 4] }, ({ x }) => attention(x!, x!, x!, { heads: 2, isCausal: true })],
  // a block has 2^23 scores at nominal sizes: 2 queries here, so 9 queries are 2 + 2 + 2 + 2 + 1
  "attention, 5 blocks": () => [
    {
      q: [2, sized("queries5", 9, 9), 6],
      k: [2, sized("keys5", 3, 2 ** 21), 6],
      v: [2, sized("keys5", 3, 2 ** 21), 6],
    },
    ({ q, k, v }) => attention(q!, k!, v!, { heads: 2 }),
  ],
  // a device splits into 8 parts at most, so 10 blocks take two splits
  "attention, 10 blocks": () => [
    {
      q: [1, sized("queries10", 19, 20), 6],
      k: [1, sized("keys10", 4, 2 ** 21), 6],
      v: [1, sized("keys10", 4, 2 ** 21), 6],
    },
    ({ q, k, v }) => attention(q!, k!, v!, { heads: 3, factor: 0.3 }),
  ],
  "self-attention, 4 blocks": () => [
    { x: [1, sized("tokens4", 7, 2 ** 12), 4] },
    ({ x }) => attention(x!, x!, x!, { heads: 2 }),
  ],
};
const identifiers = input("ids", "int64", [4]);

test.each(Object.entries(operations))("the gradient of %s agrees with finite differences", async (_, make) => {
  const [shapes, build] = make();
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, input(name, "float32", shape)]),
  );
  const output = build(inputs);
  const outputShape = real(output.shape);
  const loss = reduceSum(
    multiply(output, input("upstream", "float32", output.shape)),
    outputShape.map((_, axis) => axis),
  );
  const wanted = Object.keys(shapes).filter((name) => !name.startsWith("frozen"));
  const gradients = grad(
    loss,
    wanted.map((name) => inputs[name]!),
  );
  const outputs: Record<string, Tensor> = { output };
  gradients.forEach((gradient, i) => {
    if (gradient) outputs[wanted[i]!] = gradient;
  });
  const program = await runtime.load(outputs);
  const values = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, randomArray(name, real(shape))]),
  );
  const upstream = randomArray("upstream", outputShape);
  const run = async (arrays: Readonly<Record<string, NdArray>>) => {
    const feeds: Record<string, NdArray> = { ...arrays, upstream, ids: idValues };
    return program.run(Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]!])));
  };
  const results = await run(values);
  for (const name of wanted.filter((key) => outputs[key])) {
    const direction = random.randn(real(shapes[name]!)).data;
    const step = 1e-2;
    const along = async (sign: number) => {
      const moved = values[name]!.data.map((value, i) => value + sign * step * direction[i]!);
      const { data } = (await run({ ...values, [name]: arrayOf(real(shapes[name]!), moved) })).output!;
      return dot(data as Float32Array, upstream.data);
    };
    const measured = ((await along(1)) - (await along(-1))) / (2 * step);
    const computed = dot(results[name]!.data as Float32Array, direction);
    const magnitude = Math.hypot(...(results[name]!.data as Float32Array)) + 1e-3;
    expect(Math.abs(measured - computed) / magnitude, name).toBeLessThan(1e-2);
  }
  await program.close();
});

test.each([
  ["attention, 5 blocks", 5],
  ["attention, 10 blocks", 10],
  ["self-attention, 4 blocks", 4],
  ["causal attention", 1],
])("the gradient of %s computes as many blocks of probabilities", (name, blocks) => {
  const [shapes, build] = operations[name]!();
  const inputs = Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, input(key, "float32", shape)]));
  const loss = reduceSum(build(inputs), [0, 1, 2]);
  const nodes = [...nodesBehind(...grad(loss, Object.values(inputs)))];
  expect(nodes.filter(({ opType }) => opType === "Softmax")).toHaveLength(blocks);
});

const idValues: NdArray = { dtype: "int64", shape: [4], data: BigInt64Array.of(1n, 0n, 1n, 4n) };

function randomArray(name: string, shape: readonly number[]): NdArray<Float32Array> {
  const array = random.randn(shape);
  return name.startsWith("positive") ? { ...array, data: array.data.map((value) => 0.5 + Math.abs(value)) } : array;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
