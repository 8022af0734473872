import os from "node:os";
import type { DeviceName } from "../runtime/index.ts";

/** Memory that a run can have, in bytes; undefined on graphics devices, which do not tell. */
export function availableBytes(device: DeviceName): number | undefined {
  if (device !== "cpu") return undefined;
  // of a container: its limit, where that is lower; without one the number is 0 or far beyond what there is
  const limit = process.constrainedMemory();
  const free = os.freemem();
  return limit > 0 && limit < os.totalmem() ? Math.min(free, limit - process.memoryUsage.rss()) : free;
}
