import { type DeviceName, type DeviceRate, measureRate, openRuntime } from "../src/runtime/index.ts";
import { secondsOf } from "../src/training/estimate/estimate.ts";
import { givenOptions } from "./apart.ts";
import { watchMemory } from "./memory.ts";
import { median } from "./results.ts";
import { openStep, type StepSizes } from "./step.ts";

/** Measures one training micro-step of a model. Prints one line of JSON: MicroStepTimes. Run by apart.ts with these options. */
export interface MicroStepOptions extends StepSizes {
  readonly steps: number;
  readonly device: DeviceName;
  /** Also measures the device in large operations, which takes minutes on a GPU in software. */
  readonly measuresRate?: boolean;
  readonly threads?: number | undefined;
  /** Path prefix for ONNX Runtime's profile. */
  readonly profile?: string | undefined;
}

export interface MicroStepTimes {
  readonly loadSeconds: number;
  readonly firstSeconds: number;
  readonly secondsPerStep: number;
  readonly bestSeconds: number;
  readonly samplesPerSecond: number;
  readonly peakBytes: number;
  readonly peakAnonymousBytes: number;
  readonly plannedBytes: number;
  readonly tflop: number;
  readonly gflops: number;
  /** Speed of a large convolution and a large matrix product, the step's speed as a share of the former, and the time that `coinage plan` derives from them. */
  readonly rate: (DeviceRate & { readonly shareOfConvolution: number; readonly plannedSeconds: number }) | undefined;
  /** Of the first step: loss, and the gradient at all used rows, concatenated. */
  readonly loss: number;
  readonly gradient: readonly number[];
}

const { steps, device, measuresRate, threads, profile, ...sizes } = givenOptions<MicroStepOptions>();
const memory = watchMemory();
const runtime = openRuntime({ device, threads, profile });
const rate = measuresRate ? await measureRate(runtime) : undefined;
const { program, flops, plannedBytes, run } = await openStep(runtime, sizes);
const seconds: number[] = [];
const timed = async () => {
  const start = performance.now();
  const result = await run();
  seconds.push((performance.now() - start) / 1000);
  return result;
};
const { loss, gradients } = await timed();
for (let step = 1; step < steps; step++) await timed();
const firstSeconds = seconds[0]!;
// GPUs choose their kernels in the first step
const usual = seconds.length > 1 ? seconds.slice(1) : seconds;
const best = Math.min(...usual);
const { peakBytes, peakAnonymousBytes } = memory();
await program.close();
await runtime.close();
const times: MicroStepTimes = {
  loadSeconds: program.loadMs / 1000,
  firstSeconds,
  secondsPerStep: median(usual),
  bestSeconds: best,
  samplesPerSecond: sizes.batch / median(usual),
  peakBytes,
  peakAnonymousBytes,
  plannedBytes,
  tflop: flops / 1e12,
  gflops: flops / best / 1e9,
  rate: rate && {
    ...rate,
    shareOfConvolution: flops / best / rate.convolution,
    plannedSeconds: secondsOf(flops, rate),
  },
  loss,
  gradient: gradients.flatMap((table) => [...table.values()].flatMap((row) => [...row])),
};
process.stdout.write(`${JSON.stringify(times)}\n`);
