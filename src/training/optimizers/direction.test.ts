import { describe, expect, test } from "vitest";
import { TorchGenerator } from "../../random/index.ts";
import { createOptimizer, directionOptimizer, turningByAngle } from "./index.ts";

const norm = (values: Iterable<number>) => Math.hypot(...values);
const angleBetween = (a: Float32Array, b: Float32Array) => {
  const product = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  return Math.acos(Math.min(1, product / (norm(a) * norm(b))));
};
const noise = new TorchGenerator(4);
const random = (count: number) => Float32Array.from(noise.randn([count]).data);
const plain = { momentum: 0, priorPull: 0 };

describe("learning directions", () => {
  test("takes the gradient and the pull to the start along the sphere", () => {
    const tables = [{ rows: 1, columns: 3 }];
    const optimizer = directionOptimizer({ lengths: [[1]], momentum: 0, priorPull: 0.1 }, tables);
    const row = Float32Array.of(0, 0, 1);
    // the first step records the start without moving
    optimizer.step([row], [new Float32Array(3)], 0.1);
    expect([...row]).toEqual([0, 0, 1]);
    row.set([1, 0, 0]);
    optimizer.step([row], [Float32Array.of(0.3, 0.4, 0)], 0.1);
    for (const [i, value] of [0.9950372, -0.0965328, 0.0241332].entries()) expect(row[i]).toBeCloseTo(value, 6);
  });

  test("keeps every row at its length and turns it by atan(rate) each step, whatever the gradient's size", () => {
    const lengths = [
      [0.39, 0.39],
      [2, 0.5],
    ];
    const tables = lengths.map(({ length: rows }) => ({ rows, columns: 16 }));
    const optimizer = directionOptimizer({ lengths, ...plain }, tables);
    const rows = lengths.map((ofTable) =>
      Float32Array.from(
        ofTable.flatMap((length) => {
          const values = random(16);
          return [...values].map((value) => (value * length) / norm(values));
        }),
      ),
    );
    for (let step = 0; step < 1000; step++) {
      const before = rows.map((values) => values.slice());
      const gradients = rows.map(({ length }) => random(length).map((value) => value * 10 ** (step % 7)));
      optimizer.step(rows, gradients, 0.04);
      for (const [table, ofTable] of lengths.entries())
        for (const [i, length] of ofTable.entries()) {
          const [from, to] = [i * 16, (i + 1) * 16];
          expect(Math.abs(norm(rows[table]!.subarray(from, to)) - length)).toBeLessThan(1e-6 * length + 1e-7);
          const angle = angleBetween(before[table]!.subarray(from, to), rows[table]!.subarray(from, to));
          expect(Math.abs(angle - Math.atan(0.04))).toBeLessThan(1e-4);
        }
    }
  });

  test("does not depend on the scale of the loss without a pull, nor with one that follows the gradient", () => {
    for (const priorPull of [0, "auto"] as const) {
      const ends = [1, 100].map((scale) => {
        const generator = new TorchGenerator(1);
        const row = Float32Array.of(1, 0, 0, 0);
        const optimizer = directionOptimizer({ lengths: [[1]], momentum: 0.9, priorPull }, [{ rows: 1, columns: 4 }]);
        for (let step = 0; step < 60; step++)
          optimizer.step([row], [Float32Array.from(generator.randn([4]).data, (value) => scale * value)], 0.04);
        return row;
      });
      for (const [i, value] of ends[0]!.entries()) expect(value).toBeCloseTo(ends[1]![i]!, 5);
    }
  });

  test("pulls to the start by a tenth of the usual gradient with auto", () => {
    const away = (priorPull: 0 | "auto") => {
      const generator = new TorchGenerator(2);
      const row = Float32Array.of(1, ...Array<number>(31).fill(0));
      const optimizer = directionOptimizer({ lengths: [[1]], momentum: 0.9, priorPull }, [{ rows: 1, columns: 32 }]);
      for (let step = 0; step < 400; step++)
        optimizer.step([row], [Float32Array.from(generator.randn([32]).data)], 0.1);
      return Math.acos(row[0]!);
    };
    expect(away("auto")).toBeLessThan(0.8 * away(0));
  });

  test("goes on from its state to the last bit", () => {
    const tables = [{ rows: 2, columns: 8 }];
    const optimizer = () => directionOptimizer({ lengths: [[1, 1]], momentum: 0.8, priorPull: "auto" }, tables);
    const gradients = Array.from({ length: 40 }, () => random(16));
    const [straight, stopped] = [optimizer(), optimizer()];
    const start = new Float32Array(16);
    start[0] = 1;
    start[9] = 1;
    const [a, b] = [start.slice(), start.slice()];
    for (const gradient of gradients) straight.step([a], [gradient], 0.05);
    for (const gradient of gradients.slice(0, 30)) stopped.step([b], [gradient], 0.05);
    const resumed = optimizer();
    resumed.restore(stopped.state());
    for (const gradient of gradients.slice(30)) resumed.step([b], [gradient], 0.05);
    expect(b).toEqual(a);
  });
});

test.each(["AdamW", "Lion", "NAdam"])(
  "a learning rate of %s in radians turns rows by about that angle, however long they are",
  (name) => {
    const tables = [{ rows: 2, columns: 512 }];
    const optimizer = turningByAngle(createOptimizer({ name, args: {}, learningRate: "schedule" }, tables), tables);
    const rows = random(1024);
    for (let i = 512; i < 1024; i++) rows[i]! *= 30;
    const before = rows.slice();
    optimizer.step([rows], [random(1024)], 0.05);
    for (const [from, to] of [
      [0, 512],
      [512, 1024],
    ] as const) {
      const angle = angleBetween(before.subarray(from, to), rows.subarray(from, to));
      expect(angle).toBeGreaterThan(0.045);
      expect(angle).toBeLessThan(0.055);
    }
  },
);
