import os from "node:os";
import type { TrainSettings } from "../../options/index.ts";
import { type DeviceName, type OpenDevice, openDevice } from "../../runtime/index.ts";
import type { Warning } from "../warnings.ts";

/** What a run is computed on. */
export type ComputingDevice = Pick<OpenDevice, "runtime" | "computeDtype">;

/** Opens the device of a run, to be closed by the caller. warnings: what differs from what was asked for. */
export async function openTrainingDevice({
  device: asked,
  threads,
  mixedPrecision,
}: TrainSettings): Promise<OpenDevice & { readonly warnings: readonly Warning[] }> {
  const device = await openDevice({ device: asked, threads, wantsFloat16: mixedPrecision !== "no" });
  return { ...device, warnings: precisionWarnings(mixedPrecision, device.fallbackReason) };
}

/** What is to be said where the networks do not compute as --mixed_precision has it. fallbackReason: why not in 16 bits. */
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

/** Memory that a run can have, in bytes; undefined on graphics devices, which do not tell. */
export function availableBytes(device: DeviceName): number | undefined {
  if (device !== "cpu") return undefined;
  // of a container: its limit, where that is lower; without one the number is 0 or far beyond what there is
  const limit = process.constrainedMemory();
  const free = os.freemem();
  return limit > 0 && limit < os.totalmem() ? Math.min(free, limit - process.memoryUsage.rss()) : free;
}
