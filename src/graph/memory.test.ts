import { expect, test } from "vitest";
import {
  add,
  type CheckpointPolicy,
  conv2d,
  dim,
  emit,
  grad,
  graphMemory,
  input,
  keepActivations,
  linear,
  multiply,
  recomputeActivations,
  reduceSum,
  silu,
  type Target,
  type Tensor,
  weight,
} from "./index.ts";

const target: Target = {
  convDataGradient: "flipped",
  hasFusedMatmul: true,
  hasHalfLookup: true,
  hasAttention: true,
  halfWeights: "stored",
  computeDtype: "float32",
};
const [rows, width] = [100, 256];
const batch = dim("batch");
const x = input("x", "float32", [batch, width]);
const memory = (outputs: Record<string, Tensor>, changed: Partial<Target> = {}) =>
  graphMemory(
    emit(outputs, { target: { ...target, ...changed }, locationOf: (file) => file }),
    new Map([["batch", rows]]),
  );
const stored = (dtype: "float32" | "float16", ...shape: number[]) => {
  const count = shape.reduce((product, size) => product * size);
  return { dtype, shape, bytes: new Uint8Array(count * (dtype === "float16" ? 2 : 4)) } as const;
};

test("a result counts from where it is made to its last use", () => {
  const size = rows * width * 4;
  const a = silu(x);
  const b = silu(a);
  // a is read again at the end, so a, c and their sum are alive together, and b is not
  const c = silu(b);
  expect(memory({ y: add(a, c) })).toEqual({ weights: 0, copies: 0, results: 3 * size });
  expect(memory({ y: silu(silu(silu(a))) }).results).toBe(2 * size);
});

test("weights count as stored, their copies separately, and a converted one only during its node", () => {
  const [whole, half] = [stored("float32", width, width), stored("float16", width, width)];
  const ordinary = memory({ y: linear(x, weight("w", whole)) });
  expect(ordinary).toMatchObject({ weights: width * width * 4, copies: 0 });
  const atUse = memory({ y: linear(x, weight("w", half)) });
  expect(atUse).toEqual({ ...ordinary, weights: width * width * 2, results: ordinary.results + width * width * 4 });
  const converted = memory({ y: linear(x, weight("w", half)) }, { halfWeights: "converted" });
  expect(converted).toEqual({ ...ordinary, weights: 0, copies: width * width * 4 });
});

test("a kernel flipped for the backward pass is a copy", () => {
  const picture = input("picture", "float32", [batch, 8, 8, 8]);
  const y = conv2d(silu(picture), weight("kernel", stored("float32", 8, 8, 3, 3)), undefined, {
    padding: [1, 1, 1, 1],
  });
  const [dx] = grad(reduceSum(multiply(y, y), [0, 1, 2, 3]), [picture]);
  const kernel = 8 * 8 * 9 * 4;
  // plus one number: the seed of the gradient
  expect(memory({ dx: dx! })).toMatchObject({ weights: kernel, copies: kernel + 4 });
  for (const convDataGradient of ["transposed", "flippedAtUse"] as const)
    expect(memory({ dx: dx! }, { convDataGradient })).toMatchObject({ weights: kernel, copies: 4 });
});

test("gradient checkpointing takes less", () => {
  const peak = ({ segment }: CheckpointPolicy) => {
    let y = x;
    for (let layer = 0; layer < 12; layer++) y = segment([y], ([y]) => silu(silu(silu(silu(y!)))));
    const [dx] = grad(reduceSum(multiply(y, y), [0, 1]), [x]);
    return memory({ dx: dx! }).results;
  };
  expect(peak(recomputeActivations)).toBeLessThan(peak(keepActivations) / 2);
});

test("rows computed in blocks take less", () => {
  const many = input("many", "float32", [dim("rows", { nominal: 8192 }), 4]);
  const widening = stored("float32", 256, 4);
  const peak = ({ segment, rows }: CheckpointPolicy) => {
    const y = segment([many], ([many]) =>
      rows(many!, (x) => linear(silu(linear(x, weight("a", widening))), narrowing)),
    );
    const [dx] = grad(reduceSum(multiply(y, y), [0, 1]), [many]);
    return graphMemory(emit({ dx: dx! }, { target, locationOf: (file) => file }), new Map([["rows", 8192]])).results;
  };
  const narrowing = weight("b", stored("float32", 4, 256));
  const whole: CheckpointPolicy = { segment: recomputeActivations.segment, rows: keepActivations.rows };
  expect(peak(recomputeActivations)).toBeLessThan(peak(whole) / 2);
});
