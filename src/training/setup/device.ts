import os from "node:os";
import type { TrainSettings } from "../../options/index.ts";
import { type DeviceName, type OpenDevice, openDevice } from "../../runtime/index.ts";
import type { Warning } from "../warnings.ts";

/** The device of a run and its compute type. */
export type ComputingDevice = Pick<OpenDevice, "runtime" | "computeDtype">;

/** Opens the device of a run, to be closed by the caller. warnings: differences from the settings. */
export async function openTrainingDevice({
  device: asked,
  threads,
  mixedPrecision,
}: TrainSettings): Promise<OpenDevice & { readonly warnings: readonly Warning[] }> {
  const device = await openDevice({ device: asked, threads, wantsFloat16: mixedPrecision !== "no" });
  return { ...device, warnings: precisionWarnings(mixedPrecision, device.fallbackReason) };
}

/** Warns if the networks do not compute in the precision of --mixed_precision. fallbackReason: why not in 16 bits. */
export function precisionWarnings(
  mixedPrecision: TrainSettings["mixedPrecision"],
  fallbackReason: string | undefined,
): readonly Warning[] {
  const warning = (message: string) => [
    { code: "PRECISION", message: `--mixed_precision ${mixedPrecision} ${message}.` },
  ];
  if (fallbackReason) return warning(`has no effect: ${fallbackReason}`);
  if (mixedPrecision !== "bf16") return [];
  return warning("is computed in float16 with loss scaling: ONNX Runtime has no convolutions in bfloat16");
}

/** Memory available to a run, in bytes; undefined on GPUs, which do not report it. */
export function availableBytes(device: DeviceName): number | undefined {
  if (device !== "cpu") return undefined;
  // a container's limit, if lower; without one the number is 0 or far above the machine's memory
  const limit = process.constrainedMemory();
  const free = os.freemem();
  return limit > 0 && limit < os.totalmem() ? Math.min(free, limit - process.memoryUsage.rss()) : free;
}
