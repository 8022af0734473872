import type { NdArray } from "../array/index.ts";
import { conv2d, countFlops, input, linear, type Tensor } from "../graph/index.ts";
import type { Runtime } from "./runtime.ts";

/** What a device reaches in the operations that make up nearly all of the work, in floating point operations a second. */
export interface DeviceRate {
  /** A large 3x3 convolution: 320 channels at 64x64. */
  readonly convolution: number;
  /** A large matrix product: 4096 x 1280 x 320. */
  readonly matrix: number;
}

/** Time spent at least, and rounds: the best run of each operation counts. Others may use the machine, too, and GPUs choose their kernels in the first. */
const probeMs = 600;
const fewestRounds = 3;

/** Measures a device with two large operations; takes a second on a CPU. They take turns, so that what disturbs one for a moment does not spoil it. */
export async function measureRate(runtime: Runtime): Promise<DeviceRate> {
  const [pixels, kernel] = [input("pixels", "float32", [1, 320, 64, 64]), input("kernel", "float32", [320, 320, 3, 3])];
  const [rows, matrix] = [input("rows", "float32", [4096, 1280]), input("matrix", "float32", [320, 1280])];
  const convolution = await openProbe(runtime, conv2d(pixels, kernel, undefined, { padding: [1, 1, 1, 1] }));
  const product = await openProbe(runtime, linear(rows, matrix));
  const start = performance.now();
  for (let round = 0; round < fewestRounds || performance.now() - start < probeMs; round++) {
    await convolution.run();
    await product.run();
  }
  return { convolution: await convolution.close(), matrix: await product.close() };
}

interface Probe {
  run(): Promise<void>;
  /** Frees it. @returns the best rate of all runs */
  close(): Promise<number>;
}

async function openProbe(runtime: Runtime, output: Tensor): Promise<Probe> {
  const program = await runtime.load({ output });
  const feeds: Record<string, NdArray> = Object.fromEntries(
    program.inputs.map(({ name, shape }) => {
      const sizes = shape.map(Number);
      const data = new Float32Array(sizes.reduce((product, size) => product * size, 1)).fill(0.01);
      return [name, { dtype: "float32", shape: sizes, data }];
    }),
  );
  let bestMs = Number.POSITIVE_INFINITY;
  return {
    async run() {
      await program.run(feeds);
      bestMs = Math.min(bestMs, program.lastRunMs);
    },
    async close() {
      await program.close();
      return countFlops([output], new Map()) / (bestMs / 1000);
    },
  };
}
