import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { describeGoldens, largestDifference, readJson, readTensors } from "../../test/goldens.ts";
import { bfloat16ToFloat32, float16ToFloat32, type NdArray } from "../array/index.ts";
import { drawEpochOrder, type FloatDType, PythonRandom, TorchGenerator } from "./index.ts";

interface TorchOp {
  readonly op: string;
  readonly shape: readonly number[];
  readonly dtype: FloatDType;
  readonly n: number;
  readonly low: string;
  readonly high: string;
  readonly mean: number;
  readonly std: number;
  readonly from: number;
  readonly to: number;
  readonly p: number;
  readonly count: number;
  readonly sha256: string;
  readonly values?: readonly (number | string)[];
  readonly first?: readonly (number | string)[];
  readonly last?: readonly (number | string)[];
  readonly tensor?: string | null;
}

interface TorchCase {
  readonly name: string;
  readonly seed: string;
  readonly ops: readonly TorchOp[];
  readonly state_after: {
    readonly next: number;
    readonly left: number;
    readonly words_sha256: string;
    readonly cached_normal: number | null;
  };
}

interface LoaderCase {
  readonly name: string;
  readonly seed: string;
  readonly n: number;
  readonly epochs: readonly (readonly number[])[];
  readonly rand_after_epoch: readonly (readonly number[])[];
  readonly randn_after: readonly number[];
}

interface PythonCase {
  readonly name: string;
  readonly seed_type: "int" | "str";
  readonly seed: string;
  readonly ops: readonly {
    readonly op: string;
    // biome-ignore lint/suspicious/noExplicitAny: arguments differ from operation to operation
    readonly args: any;
    readonly skip?: number;
    readonly values: readonly unknown[];
  }[];
  readonly state_after: { readonly position: number; readonly words_sha256: string };
}

function sha256(data: ArrayBufferView): string {
  return createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");
}

/** Half-precision bit patterns as numbers. */
function widened(array: NdArray): number[] {
  const widen = { float16: float16ToFloat32, bfloat16: bfloat16ToFloat32 }[array.dtype as "float16" | "bfloat16"];
  return Array.from(array.data as Float32Array, (value) => (widen ? widen(value) : value));
}

/** The distance to the adjacent number of the type, at `value`. */
function unitInLastPlace(value: number, dtype: FloatDType): number {
  const [digits, smallest] = { float64: [52, -1022], float32: [23, -126], float16: [10, -14], bfloat16: [7, -126] }[
    dtype
  ] as [number, number];
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), smallest) - digits);
}

function draw(generator: TorchGenerator, op: TorchOp): NdArray {
  switch (op.op) {
    case "randn":
      return generator.randn(op.shape, { dtype: op.dtype });
    case "normal":
      return generator.randn(op.shape, { dtype: op.dtype, mean: op.mean, std: op.std });
    case "rand":
      return generator.rand(op.shape, { dtype: op.dtype });
    case "uniform":
      return generator.rand(op.shape, { dtype: op.dtype, from: op.from, to: op.to });
    case "bernoulli":
      return generator.bernoulli(op.p, op.shape, { dtype: op.dtype });
    case "randint":
      return int64(generator.randint(BigInt(op.low), BigInt(op.high), op.shape), op.shape);
    case "randperm":
      return int64(generator.randperm(op.n).map(BigInt), [op.n]);
    case "random":
      return int64(
        Array.from({ length: op.count }, () => generator.random63()),
        op.shape,
      );
    default:
      throw new Error(`unknown operation ${op.op}`);
  }
}

function int64(values: readonly bigint[], shape: readonly number[]): NdArray {
  return { dtype: "int64", shape, data: BigInt64Array.from(values) };
}

function expectDrawn(actual: NdArray, op: TorchOp, tensors: ReadonlyMap<string, NdArray>): void {
  expect(actual.data.length).toBe(op.count);
  const isNormal = op.op === "randn" || op.op === "normal";
  if (!isNormal) {
    expect(sha256(actual.data)).toBe(op.sha256);
    return;
  }
  const numbers = widened(actual);
  const stored = op.tensor ? widened(tensors.get(op.tensor)!) : undefined;
  const pairs = stored
    ? stored.map((value, i) => [numbers[i]!, value] as const)
    : [...(op.values ?? op.first!).entries()]
        .map(([i, value]) => [numbers[i]!, Number(value)] as const)
        .concat((op.last ?? []).map((value, i) => [numbers.at(i - op.last!.length)!, Number(value)] as const));
  expect(pairs.length).toBeGreaterThan(0);
  if (op.dtype === "float32" && op.count >= 16) {
    const difference = largestDifference(
      pairs.map(([a]) => a),
      pairs.map(([, b]) => b),
    );
    expect(difference).toBeLessThanOrEqual(2e-6 * (op.std ?? 1));
    return;
  }
  for (const [value, expected] of pairs)
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(unitInLastPlace(expected, op.dtype));
}

function drawPython(generator: PythonRandom, op: string, args: PythonCase["ops"][number]["args"], count: number) {
  const times = (next: () => unknown) => Array.from({ length: count }, next);
  const range = (n: number) => Array.from({ length: n }, (_, i) => i);
  switch (op) {
    case "random":
      return times(() => generator.random());
    case "randint":
      return times(() => String(generator.randint(Number(args[0]), Number(args[1]))));
    case "getrandbits":
      return times(() => String(generator.getrandbits(Number(args[0]))));
    case "uniform":
      return times(() => generator.uniform(args[0], args[1]));
    case "choice":
      return times(() => generator.choice(args as string[]));
    case "choices":
      return generator.choices(["p", "q", "r"], args[0], args[1]);
    case "sample":
      return generator.sample(range(args[0]), args[1]);
    case "shuffle": {
      const items = range(args[0]);
      generator.shuffle(items);
      return items;
    }
    default:
      throw new Error(`unknown operation ${op}`);
  }
}

describeGoldens("random", (folder) => {
  const tensors = readTensors(folder, "tensors.safetensors");

  describe("torch's streams", () => {
    test.each(readJson<TorchCase[]>(folder, "torch_streams.json"))("$name", ({ seed, ops, state_after }) => {
      const generator = new TorchGenerator(seed);
      for (const op of ops) expectDrawn(draw(generator, op), op, tensors);
      const { words, position, cachedNormal, outputs } = generator.state();
      expect(sha256(Uint32Array.from(words))).toBe(state_after.words_sha256);
      // A newly seeded generator has not generated its first block: torch then counts from 0.
      expect(outputs === 0 ? 0 : position).toBe(state_after.next);
      expect(outputs === 0 ? 1 : 625 - position).toBe(state_after.left);
      if (state_after.cached_normal === null) expect(cachedNormal).toBeNull();
      else expect(cachedNormal).toBeCloseTo(state_after.cached_normal, 14);
    });
  });

  test.each(readJson<LoaderCase[]>(folder, "torch_loader_order.json"))("a shuffled loader: $name", (recorded) => {
    const generator = new TorchGenerator(recorded.seed);
    recorded.epochs.forEach((order, epoch) => {
      expect(drawEpochOrder(generator, recorded.n)).toEqual(order);
      expect(Array.from(generator.rand([2]).data)).toEqual(recorded.rand_after_epoch[epoch]);
    });
    const after = generator.randn([recorded.randn_after.length]).data;
    recorded.randn_after.forEach((value, i) => {
      expect(Math.abs(after[i]! - value)).toBeLessThanOrEqual(unitInLastPlace(value, "float32"));
    });
  });

  // Recordings seeded by text are left out: we support only integers.
  const byInteger = readJson<PythonCase[]>(folder, "python_streams.json").filter(
    ({ seed_type }) => seed_type === "int",
  );

  test.each(byInteger)("Python's streams: $name", (recorded) => {
    const generator = new PythonRandom(BigInt(recorded.seed));
    for (const { op, args, skip, values } of recorded.ops) {
      for (let i = 0; i < (skip ?? 0); i++) generator.random();
      expect(drawPython(generator, op, args, values.length)).toEqual(values);
    }
    const { words, position } = generator.state();
    expect(position).toBe(recorded.state_after.position);
    expect(sha256(Uint32Array.from(words))).toBe(recorded.state_after.words_sha256);
  });
});
