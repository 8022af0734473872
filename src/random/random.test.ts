import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawEpochOrder, PythonRandom, TorchGenerator } from "./index.ts";

const seeds = fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n });

/** The value after a round trip through JSON, as in a state file. */
function stored<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

describe("TorchGenerator", () => {
  test("equal seeds give equal streams, and only the low 32 bits of a seed matter", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const first = new TorchGenerator(seed);
        const second = new TorchGenerator(String(seed + (1n << 32n)));
        expect(first.randn([20])).toEqual(second.randn([20]));
      }),
      { numRuns: 20 },
    );
  });

  test("a generator made from a stored state goes on where the other stood, cached normal number included", () => {
    fc.assert(
      fc.property(seeds, fc.nat(2000), fc.nat(15), (seed, skipped, normals) => {
        const generator = new TorchGenerator(seed);
        generator.skip(skipped);
        generator.randn([normals]);
        const copy = TorchGenerator.fromState(stored(generator.state()));
        expect(copy.randn([3])).toEqual(generator.randn([3]));
        expect(copy.u64()).toBe(generator.u64());
        expect(copy.outputs).toBe(generator.outputs);
      }),
      { numRuns: 50 },
    );
  });

  test("skipping equals drawing", () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.nat(3000), (before, skipped) => {
        const drawn = new TorchGenerator(7);
        const jumped = new TorchGenerator(7);
        for (let i = 0; i < before + skipped; i++) drawn.u32();
        for (let i = 0; i < before; i++) jumped.u32();
        jumped.skip(skipped);
        expect(jumped.outputs).toBe(before + skipped);
        expect(jumped.state()).toEqual(drawn.state());
      }),
      { numRuns: 50 },
    );
  });

  test("skipping normal numbers equals drawing them", () => {
    const dtypes = fc.constantFrom("float32", "float64", "float16", "bfloat16");
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 70 }), dtypes)), (draws) => {
        const [drawn, skipped] = [new TorchGenerator(7), new TorchGenerator(7)];
        for (const [size, dtype] of draws) {
          drawn.randn([size], { dtype });
          skipped.skipRandn([size], dtype);
        }
        expect(skipped.state()).toEqual(drawn.state());
      }),
      { numRuns: 50 },
    );
  });

  test("counts its 32-bit outputs as torch consumes them", () => {
    const consumed = (draw: (generator: TorchGenerator) => unknown) => {
      const generator = new TorchGenerator(1);
      draw(generator);
      return generator.outputs;
    };
    expect(consumed((generator) => generator.rand([3, 5]))).toBe(15);
    expect(consumed((generator) => generator.rand([3], { dtype: "float64" }))).toBe(6);
    expect(consumed((generator) => generator.randn([3]))).toBe(8);
    expect(consumed((generator) => generator.randn([4, 4]))).toBe(16);
    expect(consumed((generator) => generator.randn([17]))).toBe(33);
    expect(consumed((generator) => generator.randn([17], { dtype: "float16" }))).toBe(32);
    expect(consumed((generator) => generator.randperm(10))).toBe(9);
    expect(consumed((generator) => generator.random63())).toBe(2);
  });

  test("manualSeed starts the stream anew and forgets the cached normal number", () => {
    const generator = new TorchGenerator(5);
    generator.randn([1]);
    generator.manualSeed(6);
    expect(generator.state()).toEqual(new TorchGenerator(6).state());
  });

  test("integers lie in their range", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 33 }), (low, range) => {
        const drawn = new TorchGenerator(low).randint(low, low + range, [50]);
        expect(drawn.every((value) => value >= low && value < low + range)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("bigint bounds give the numbers of number bounds", () => {
    for (const range of [1, 1000, 2 ** 28 - 1, 2 ** 28, 2 ** 40]) {
      const numbers = new TorchGenerator(3).randint(-5, range - 5, [20]);
      const bigints = new TorchGenerator(3).randint(-5n, BigInt(range) - 5n, [20]);
      expect(bigints.map(Number)).toEqual(numbers);
    }
  });

  test("an epoch's order is a permutation", () => {
    fc.assert(
      fc.property(seeds, fc.nat(200), (seed, n) => {
        const order = drawEpochOrder(new TorchGenerator(seed), n);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
      { numRuns: 30 },
    );
  });

  test("normal numbers have the mean and the standard deviation asked for", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const values = Array.from(new TorchGenerator(11).randn([40_000], { dtype, mean: 3, std: 2 }).data);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      expect(mean).toBeCloseTo(3, 1);
      expect(Math.sqrt(variance)).toBeCloseTo(2, 1);
    }
  });
});

describe("PythonRandom", () => {
  test("a generator made from a stored state goes on where the other stood", () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.nat(700), (seed, drawn) => {
        const generator = new PythonRandom(seed);
        for (let i = 0; i < drawn; i++) generator.random();
        const copy = PythonRandom.fromState(stored(generator.state()));
        expect(copy.getrandbits(100)).toBe(generator.getrandbits(100));
      }),
      { numRuns: 50 },
    );
  });

  test("a shuffle is a permutation, a sample is a part of it without repetition", () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.nat(300), fc.nat(300), (seed, n, k) => {
        const items = Array.from({ length: n }, (_, i) => i);
        const generator = new PythonRandom(seed);
        const shuffled = [...items];
        generator.shuffle(shuffled);
        expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
        const sample = generator.sample(items, Math.min(k, n));
        expect(new Set(sample).size).toBe(Math.min(k, n));
        expect(sample.every((item) => items.includes(item))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test("the sign of a seed does not matter", () => {
    expect(new PythonRandom(-7).random()).toBe(new PythonRandom(7).random());
  });

  test("unseeded generators differ", () => {
    expect(new PythonRandom().getrandbits(64)).not.toBe(new PythonRandom().getrandbits(64));
  });

  test("asking for more than there is fails", () => {
    expect(() => new PythonRandom(1).sample([1, 2], 3)).toThrow(RangeError);
    expect(() => new PythonRandom(1).choice([])).toThrow(RangeError);
  });
});
