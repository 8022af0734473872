import { arrayOf } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { constant, input, matmul } from "../graph/index.ts";
import { chooseDevice } from "./devices.ts";
import { type DeviceName, type LoadOptions, openRuntime, type Runtime } from "./runtime.ts";

export interface DeviceRequest {
  readonly device: DeviceName | "auto";
  readonly threads: number | undefined;
  /** Whether to compute convolutions, matrix products and attention in float16 if the device supports it and gains by it. */
  readonly wantsFloat16: boolean;
}

/** The device of a run, opened. */
export interface OpenDevice extends ChosenComputeDtype {
  readonly runtime: Runtime;
  /** Why this device was chosen. */
  readonly reason: string;
}

/** Opens the device of a run; the caller closes its runtime. */
export async function openDevice({ device: requested, threads, wantsFloat16 }: DeviceRequest): Promise<OpenDevice> {
  const { device, reason } = await chooseDevice(requested);
  const runtime = openRuntime({ device, threads });
  try {
    return { runtime, reason, ...(await chooseComputeDtype(runtime, wantsFloat16)) };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

/** The dtype of convolutions, matrix products and attention. */
export type ComputeDtype = NonNullable<LoadOptions["computeDtype"]>;

interface ChosenComputeDtype {
  readonly computeDtype: ComputeDtype;
  /** Why float32 is used although float16 was requested. */
  readonly fallbackReason: string | undefined;
}

/** The compute dtype for a device. A GPU is tried first, because some WebGPU drivers lack float16. */
export async function chooseComputeDtype(runtime: Runtime, wantsFloat16: boolean): Promise<ChosenComputeDtype> {
  const fallbackReason = wantsFloat16 ? await reasonAgainstFloat16(runtime) : undefined;
  return { computeDtype: wantsFloat16 && !fallbackReason ? "float16" : "float32", fallbackReason };
}

async function reasonAgainstFloat16(runtime: Runtime): Promise<string | undefined> {
  if (runtime.device === "cpu") return "the processor computes in float32 and would not be faster in 16 bits";
  return (await supportsFloat16(runtime)) ? undefined : "this device or its driver does not support 16-bit numbers";
}

async function supportsFloat16(runtime: Runtime): Promise<boolean> {
  // large enough that the product is lowered to float16 at all
  const [size, half] = [64, 0.5];
  const x = input("x", "float32", [size, size]);
  const values = arrayOf([size, size], new Float32Array(size * size).fill(half));
  try {
    const program = await runtime.load({ y: matmul(x, constant(values)) }, { computeDtype: "float16" });
    try {
      const { y } = await program.run({ x: values });
      return (y!.data as Float32Array).every((value) => value === size * half * half);
    } finally {
      await program.close();
    }
  } catch (error) {
    if (error instanceof CoinageError && ["RUNTIME", "OUT_OF_MEMORY"].includes(error.code)) return false;
    throw error;
  }
}
