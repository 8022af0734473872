import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import { nodesBehind } from "../../test/graph-nodes.ts";
import { arrayOf, type NdArray } from "../array/index.ts";
import { TorchGenerator } from "../random/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { convolvedDim, dim, dimKey, evaluateDim, isMultipleOf, multiplyDims } from "./dims.ts";
import {
  add,
  attention,
  constant,
  conv2d,
  convolveBands,
  countFlops,
  emit,
  grad,
  groupNorm,
  input,
  linear,
  multiply,
  reduceSum,
  reshape,
  silu,
  type Tensor,
  upsampleNearest,
} from "./index.ts";

const random = new TorchGenerator(3);
const target = {
  convDataGradient: "flipped",
  hasFusedMatmul: true,
  hasHalfLookup: true,
  hasAttention: true,
  halfWeights: "converted",
  computeDtype: "float32",
} as const;
const frozen = (...shape: number[]) => constant(random.randn(shape));

describe("sizes", () => {
  test("equal products are equal in whatever order", () => {
    const [height, width] = [dim("height"), dim("width")];
    expect(dimKey(multiplyDims(2, width, height))).toBe(dimKey(multiplyDims(height, multiplyDims(width, 2))));
    expect(evaluateDim(multiplyDims(2, height, width), new Map(Object.entries({ height: 3, width: 5 })))).toBe(30);
  });

  test("halving is exact where the size is known to be even, and rounds up like a convolution elsewhere", () => {
    const even = convolvedDim(dim("height", { multipleOf: 8 }), 2, 3, 2);
    expect([dimKey(even), isMultipleOf(even, 4)]).toEqual(["0.5*height", true]);
    const any = convolvedDim(dim("height"), 2, 3, 2);
    expect([9, 12].map((height) => evaluateDim(any, new Map([["height", height]])))).toEqual([5, 6]);
    expect(dimKey(convolvedDim(dim("height"), 2, 3, 1))).toBe("height");
  });
});

describe("grad", () => {
  test("walks only paths between the loss and the wanted tensors", () => {
    const x = input("x", "float32", [1, 2, 4, 4]);
    const early = silu(conv2d(x, frozen(2, 2, 3, 3), undefined, { padding: [1, 1, 1, 1] }));
    const late = add(early, reshape(input("time", "float32", [1, 2]), [1, 2, 1, 1]));
    const loss = reduceSum(multiply(late, late), [0, 1, 2, 3]);
    const [gradient] = grad(loss, [late]);
    expect([...nodesBehind(gradient)].map(({ opType }) => opType)).not.toContain("ConvDataGradient");
    const [unrelated] = grad(loss, [input("other", "float32", [1])]);
    expect(unrelated).toBeUndefined();
  });

  test("continues through a wanted tensor", () => {
    const x = input("x", "float32", [2, 3]);
    const hidden = linear(x, frozen(4, 3));
    const [dHidden, dx] = grad(reduceSum(multiply(hidden, hidden), [0, 1]), [hidden, x]);
    expect([dHidden?.shape, dx?.shape]).toEqual([
      [2, 4],
      [2, 3],
    ]);
  });

  test("names the operation without a gradient", () => {
    const x = input("x", "float32", [2, 3]);
    const rounded: Tensor = {
      dtype: "float32",
      shape: [2, 3],
      source: {
        kind: "node",
        index: 0,
        node: {
          opType: "Round",
          domain: "",
          inputs: [x],
          attributes: {},
          outputs: [{ dtype: "float32", shape: [2, 3] }],
        },
      },
      rule: undefined,
    };
    expect(() => grad(reduceSum(rounded, [0, 1]), [x])).toThrow(/no gradient through Round \[2, 3\]/);
  });

  test("never makes a tokens x tokens matrix in attention", () => {
    const tokens = dim("tokens", { nominal: 4096 });
    const qkv = ["q", "k", "v"].map((name) => input(name, "float32", [1, tokens, 64]));
    const output = attention(qkv[0]!, qkv[1]!, qkv[2]!, { heads: 8 });
    const gradients = grad(reduceSum(multiply(output, output), [0, 1, 2]), qkv);
    const sizes = new Map([["tokens", 4096]]);
    const largest = Math.max(
      ...[...nodesBehind(...gradients)].flatMap(({ outputs }) =>
        outputs.map(({ shape }) => shape.reduce<number>((product, size) => product * evaluateDim(size, sizes), 1)),
      ),
    );
    expect(largest).toBe(8 * 256 * 4096);
  });
});

describe("emit", () => {
  let runtime: Runtime;
  beforeAll(() => {
    runtime = openRuntime({ threads: 1 });
  });
  afterAll(() => runtime.close());

  test("one program serves every batch, height and width, odd ones too, forward and backward", async () => {
    const [batch, height, width] = [dim("batch"), dim("height"), dim("width")];
    const x = input("x", "float32", [batch, 4, height, width]);
    const weights = [frozen(4, 4, 3, 3), frozen(4, 4, 3, 3)];
    const [gamma, beta] = [frozen(4), frozen(4)];
    const down = conv2d(groupNorm(x, 2, gamma, beta, 1e-5), weights[0]!, undefined, {
      stride: 2,
      padding: [1, 1, 1, 1],
    });
    const up = add(conv2d(upsampleNearest(silu(down), x), weights[1]!, undefined, { padding: [1, 1, 1, 1] }), x);
    const loss = reduceSum(multiply(up, up), [0, 1, 2, 3]);
    const [dx] = grad(loss, [x]);
    const program = await runtime.load({ loss, dx: dx! });
    for (const shape of [
      [1, 4, 8, 8],
      [3, 4, 7, 5],
      [2, 4, 6, 9],
    ]) {
      const value = random.randn(shape);
      const { dx: gradient, loss: before } = await program.run({ x: value });
      const direction = random.randn(shape).data;
      const moved = arrayOf(
        shape,
        value.data.map((v, i) => v + 1e-3 * direction[i]!),
      );
      const after = (await program.run({ x: moved })).loss!;
      const slope = (gradient!.data as Float32Array).reduce((sum, g, i) => sum + g * direction[i]!, 0);
      const measured = (Number(after.data[0]) - Number(before!.data[0])) / 1e-3;
      expect(Math.abs(measured - slope) / Math.abs(slope)).toBeLessThan(0.1);
    }
    await program.close();
  });

  test("all forms of the gradient of a convolution agree", async () => {
    const picture = random.randn([2, 3, 6, 5]);
    const kernels = frozen(4, 3, 3, 3);
    const gradientAt = (nominal: number) => {
      const x = input("x", "float32", [dim("batch"), 3, dim("height", { nominal }), dim("width", { nominal })]);
      const y = conv2d(x, kernels, undefined, { padding: [1, 1, 1, 1] });
      return grad(reduceSum(multiply(y, y), [0, 1, 2, 3]), [x])[0]!;
    };
    type Found = readonly [operators: string[], dx: Float32Array];
    const found: Found[] = [];
    for (const [nominal, withoutKernelCopies] of [
      [6, false],
      [6, true],
      [1, true],
    ] as const) {
      const dx = gradientAt(nominal);
      const convDataGradient = withoutKernelCopies ? "flippedAtUse" : "balanced";
      const { trace } = emit({ dx }, { target: { ...target, convDataGradient }, locationOf: (file) => file });
      const program = await runtime.load({ dx }, { withoutKernelCopies });
      const operators = trace.map(({ opType }) => opType).filter((opType) => opType.startsWith("Conv"));
      found.push([operators, (await program.run({ x: picture })).dx!.data as Float32Array]);
      await program.close();
    }
    const [[flipped, expected], [flippedAtUse, second], [transposed, third]] = found as [Found, Found, Found];
    expect([flipped, flippedAtUse, transposed]).toEqual([
      ["Conv", "Conv"],
      ["Conv", "Conv"],
      ["Conv", "ConvTranspose"],
    ]);
    expect(relativeDistance(second, expected)).toBeLessThan(1e-6);
    expect(relativeDistance(third, expected)).toBeLessThan(1e-6);
  });

  test("weights stay in their file: the model points at them", () => {
    const stored = {
      dtype: "float16",
      shape: [2, 3],
      bytes: { file: "/models/a.safetensors", offset: 4096, length: 12 },
    } as const;
    const weight: Tensor = {
      dtype: "float32",
      shape: [2, 3],
      source: { kind: "weight", name: "w", stored, isRaw: false },
      rule: undefined,
    };
    const { model } = emit(
      { y: linear(input("x", "float32", [1, 3]), weight) },
      { target, locationOf: (file) => file.slice(1) },
    );
    const text = Buffer.from(model).toString("latin1");
    expect(text).toContain("models/a.safetensors");
    expect(text).toContain("4096");
    expect(model.length).toBeLessThan(1500);
  });
});

test("the cost of an operation is counted from its shapes", () => {
  const batch = dim("batch");
  const convolution = conv2d(input("x", "float32", [batch, 3, 8, 8]), frozen(5, 3, 3, 3), undefined, {
    padding: [1, 1, 1, 1],
  });
  expect(countFlops([convolution], new Map([["batch", 2]]))).toBe(2 * 2 * 5 * 64 * 27);
  const product = linear(input("x", "float32", [batch, 7, 3]), frozen(4, 3));
  expect(countFlops([product], new Map([["batch", 2]]))).toBe(2 * 2 * 7 * 4 * 3);
});

test("mismatched shapes are refused when the graph is built", () => {
  const value: NdArray = arrayOf([2], [1, 2]);
  expect(() => add(constant(value), input("x", "float32", [3]))).toThrow(
    /\[2\] and \[3\] cannot be broadcast together/,
  );
  expect(() => reshape(input("x", "float32", [dim("a"), dim("b")]), [dim("b"), dim("a")])).toThrow(
    /cannot be reshaped/,
  );
});

test("bands are convolved one after another", () => {
  const bands = [1, 2, 3].map((i) => input(`band ${i}`, "float32", [1, 4, 8, 8]));
  const convolution = { weight: frozen(4, 4, 1, 1), bias: undefined };
  const [first, second] = convolveBands(bands, [convolution, { ...convolution, prepare: silu }]);
  const nodeOf = ({ source }: Tensor) => (source.kind === "node" ? source.node : undefined);
  for (const i of [1, 2])
    for (const before of [first![i - 1]!, second![i - 1]!])
      for (const after of [first![i]!, second![i]!]) expect(nodesBehind(after)).toContain(nodeOf(before));
});
