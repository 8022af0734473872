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

/** Time spent on each operation at least, and runs: the best one counts. Others may use the machine, too, and GPUs choose their kernels in the first. */
const probeMs = 250;
const fewestRuns = 3;

/** Measures a device with two large operations; takes well under a second on a CPU. One after another: threads of a session that is loaded wait by turning over, and would slow the other down. */
export async function measureRate(runtime: Runtime): Promise<DeviceRate> {
  const [pixels, kernel] = [input("pixels", "float32", [1, 320, 64, 64]), input("kernel", "float32", [320, 320, 3, 3])];
  const [rows, matrix] = [input("rows", "float32", [4096, 1280]), input("matrix", "float32", [320, 1280])];
  return {
    convolution: await rateOf(runtime, conv2d(pixels, kernel, undefined, { padding: [1, 1, 1, 1] })),
    matrix: await rateOf(runtime, linear(rows, matrix)),
  };
}

async function rateOf(runtime: Runtime, output: Tensor): Promise<number> {
  const program = await runtime.load({ output });
  const feeds: Record<string, NdArray> = Object.fromEntries(
    program.inputs.map(({ name, shape }) => {
      const sizes = shape.map(Number);
      const data = new Float32Array(sizes.reduce((product, size) => product * size, 1)).fill(0.01);
      return [name, { dtype: "float32", shape: sizes, data }];
    }),
  );
  let [best, spent] = [Number.POSITIVE_INFINITY, 0];
  for (let runs = 0; runs < fewestRuns || spent < probeMs; runs++) {
    await program.run(feeds);
    best = Math.min(best, program.lastRunMs);
    spent += program.lastRunMs;
  }
  await program.close();
  return countFlops([output], new Map()) / (best / 1000);
}
