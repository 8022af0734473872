import { chooseDevice } from "./devices.ts";
import { type ChosenComputeDtype, chooseComputeDtype } from "./precision.ts";
import { type DeviceName, openRuntime, type Runtime } from "./runtime.ts";

export interface DeviceRequest {
  readonly device: DeviceName | "auto";
  readonly threads: number | undefined;
  /** Whether products are to be computed in 16 bits, where that gains anything. */
  readonly wantsFloat16: boolean;
}

/** A device that a run computes on. */
export interface OpenDevice extends ChosenComputeDtype {
  readonly runtime: Runtime;
  /** Why this one. */
  readonly reason: string;
}

/** Opens the device of a run; its runtime is to be closed by the caller. */
export async function openDevice({ device: asked, threads, wantsFloat16 }: DeviceRequest): Promise<OpenDevice> {
  const { device, reason } = await chooseDevice(asked);
  const runtime = openRuntime({ device, threads });
  try {
    return { runtime, reason, ...(await chooseComputeDtype(runtime, wantsFloat16)) };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
