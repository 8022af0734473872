import { arrayOf, type NdArray } from "../array/index.ts";
import {
  add,
  attention,
  constant,
  conv2d,
  countFlops,
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

/** Pseudo-random weights in about -0.2..0.2, the same on every machine. */
function weights(...shape: number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return constant(
    arrayOf(
      shape,
      Float32Array.from({ length: count }, (_, i) => 0.2 * Math.sin(i * 12.9898 + count)),
    ),
  );
}

/** A miniature network with every kind of layer of the real ones. x: [B, 8, H, W], H and W even. */
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

/** Output and input gradient of the miniature network on a device, for comparison between devices. */
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

/** Throughput of a device in the operations that do nearly all of the work, in floating point operations per second. */
export interface DeviceRate {
  /** A large 3x3 convolution: 320 channels at 64x64. */
  readonly convolution: number;
  /** A large matrix product: 4096 x 1280 x 320. */
  readonly matrix: number;
}

/** Each operation runs at least this long and this often; the fastest run counts, because other programs may use the machine and GPUs choose their kernels in the first run. */
const probeMs = 250;
const fewestRuns = 3;

const measuredRates = new Map<string, DeviceRate>();

/** Measures a device with two large operations, once per process; takes well under a second on a CPU. */
export async function measureRate(runtime: Runtime): Promise<DeviceRate> {
  const key = `${runtime.device}, ${runtime.threads} threads`;
  const rate = measuredRates.get(key) ?? (await measuredRate(runtime));
  measuredRates.set(key, rate);
  return rate;
}

/** One session at a time: idle threads of a second session would spin and slow down the first. */
async function measuredRate(runtime: Runtime): Promise<DeviceRate> {
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
