import { arrayOf } from "../src/array/index.ts";
import { openCheckpoint } from "../src/checkpoint/index.ts";
import { noiseSchedule } from "../src/diffusion/index.ts";
import { countFlops } from "../src/graph/index.ts";
import { diffusionModel } from "../src/models/index.ts";
import { PythonRandom, TorchGenerator } from "../src/random/index.ts";
import { measureRate, openRuntime } from "../src/runtime/index.ts";
import { gradientName, microStep } from "../src/training/micro-step.ts";
import { microStepGraph } from "../src/training/micro-step-graph.ts";
import { watchMemory } from "./memory.ts";

/** Measures one training micro-step of a model in a process of its own, so that peak memory is its own. Prints one JSON line.
 *  usage: micro-step.ts MODEL SIDE BATCH STEPS [THREADS] */
const [folder, side, batch, steps, threads] = process.argv.slice(2) as [string, string, string, string, string?];
const profile = process.env.COINAGE_PROFILE;

const memory = watchMemory();
const runtime = openRuntime({ ...(threads && { threads: Number(threads) }), ...(profile && { profile }) });
const rate = await measureRate(runtime, 5);
const checkpoint = await openCheckpoint(folder);
const model = diffusionModel({ ...checkpoint, family: checkpoint.family.value });
const { factor } = model.vae.architecture;
const size = Number(side) / factor;
const count = Number(batch);
const graph = microStepGraph(model, {
  chunks: 1,
  lossType: "l2",
  hasMask: false,
  checkpointing: process.env.COINAGE_CHECKPOINTING === "1",
  nominal: { batch: count, height: size, width: size },
  multipleOf: 8,
});
const sizes = new Map(Object.entries({ batch: count, height: size, width: size, vectors: 1 }));
const flops = countFlops([graph.lossSums, ...graph.tokenGradients], sizes);
const program = await runtime.load({ lossSums: graph.lossSums, [gradientName(0)]: graph.tokenGradients[0]! });
const context = {
  model,
  program,
  schedule: noiseSchedule(),
  isVelocity: false,
  lossType: "l2" as const,
  options: { huberSchedule: "snr" as const, huberC: 0.1, huberScale: 1 },
};
const generators = { torch: new TorchGenerator(0), python: new PythonRandom(0) };
const width = model.textEncoders[0]!.architecture.width;
const rows = [arrayOf([1, width], new Float32Array(width).fill(0.01))];
const caption = [49406, 320, 1125, 539, 320, 49408, ...new Array<number>(71).fill(49407)];
const samples = {
  latents: generators.torch.randn([count, 4, size, size]),
  tokenIds: [Array.from({ length: count }, () => [caption])],
  lossWeights: new Array<number>(count).fill(1),
};
const seconds: number[] = [];
for (let step = 0; step < Number(steps); step++) {
  const start = performance.now();
  await microStep(context, rows, samples, generators, 1);
  seconds.push((performance.now() - start) / 1000);
}
const best = Math.min(...seconds);
const median = [...seconds].sort((a, b) => a - b)[Math.floor(seconds.length / 2)]!;
const { peakBytes, peakAnonymousBytes } = memory();
await program.close();
await runtime.close();
process.stdout.write(
  `${JSON.stringify({
    side: Number(side),
    batch: count,
    loadSeconds: program.loadMs / 1000,
    secondsPerStep: median,
    bestSeconds: best,
    samplesPerSecond: count / median,
    peakBytes,
    peakAnonymousBytes,
    tflop: flops / 1e12,
    gflops: flops / best / 1e9,
    convolutionGflops: rate.convolution / 1e9,
    matrixGflops: rate.matrix / 1e9,
    shareOfConvolution: flops / best / rate.convolution,
  })}\n`,
);
