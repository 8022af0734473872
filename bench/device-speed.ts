import { tinySdFolder } from "../src/assets/index.ts";
import type { DeviceName } from "../src/runtime/index.ts";
import { runApart } from "./apart.ts";
import { watchGpuMemory } from "./memory.ts";
import type { MicroStepOptions, MicroStepTimes } from "./micro-step.ts";
import { type Precision, runPrecisions } from "./precisions.ts";
import { randomModel } from "./random-model.ts";

/** Speed of one training micro-step on a device. */
export interface Speed {
  readonly device: DeviceName;
  readonly model: SpeedModel;
  readonly side: number;
  readonly batch: number;
  readonly precision: Precision["name"];
  readonly gradientCheckpointing: boolean;
  /** Undefined if it could not be measured. */
  readonly times?: Omit<MicroStepTimes, "gradient">;
  /** Peak memory in use on the GPU; undefined without nvidia-smi. */
  readonly gpuBytes?: number | undefined;
  readonly problem?: string;
}

export type SpeedModel = "tiny-sd" | "sd1.5";

export interface SpeedOptions {
  readonly models: readonly SpeedModel[];
  readonly batches: readonly number[];
  /** Steps per measurement; the first, in which GPUs choose their kernels, does not count. */
  readonly steps: number;
  /** Pixels along each side; unset: the model's own resolution. */
  readonly side?: number | undefined;
  readonly timeoutMs: number;
}

const sides: Readonly<Record<SpeedModel, number>> = { "tiny-sd": 128, "sd1.5": 512 };

/** Measures devices with every model, precision and batch, with and without gradient checkpointing; yields each result as soon as it is measured. */
export async function* measureSpeed(devices: readonly DeviceName[], options: SpeedOptions): AsyncGenerator<Speed> {
  // `npm run bench` measures the large model on the CPU
  for (const model of options.models)
    for (const device of devices.filter((name) => name !== "cpu" || model === "tiny-sd"))
      for (const precision of runPrecisions(device))
        for (const gradientCheckpointing of [false, true])
          for (const batch of options.batches) {
            const side = options.side ?? sides[model];
            const what = { device, model, side, batch, precision: precision.name, gradientCheckpointing };
            yield { ...what, ...(await measure(what, precision, options)) };
          }
}

async function measure(
  { device, model, side, batch, gradientCheckpointing }: Speed,
  { computeDtype, env }: Precision,
  { steps, timeoutMs }: SpeedOptions,
): Promise<Pick<Speed, "times" | "gpuBytes" | "problem">> {
  const folder = model === "tiny-sd" ? tinySdFolder : randomModel(model);
  const options: MicroStepOptions = {
    model: folder,
    side,
    batch,
    gradientCheckpointing,
    computeDtype,
    steps,
    device,
  };
  const memory = await watchGpuMemory();
  try {
    const { gradient: _, ...times } = await runApart<MicroStepTimes>("micro-step.ts", options, { env, timeoutMs });
    return { times, gpuBytes: memory.stop() };
  } catch (error) {
    memory.stop();
    return { problem: (error as Error).message };
  }
}
