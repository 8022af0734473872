import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface GpuMemoryWatch {
  /** Most memory in use on the first NVIDIA GPU beyond what was in use at the start, whoever used it; undefined without nvidia-smi. Ends the watch. */
  stop(): number | undefined;
}

/** Asks nvidia-smi ten times a second, from before anything is loaded. */
export async function watchGpuMemory(): Promise<GpuMemoryWatch> {
  const query = ["--id=0", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--loop-ms=100"];
  const process = spawn("nvidia-smi", query, { stdio: ["ignore", "pipe", "ignore"] });
  const mebibytes: number[] = [];
  await new Promise<void>((resolve) => {
    process.on("error", () => resolve());
    process.on("exit", () => resolve());
    createInterface(process.stdout).on("line", (line) => {
      const used = Number(line);
      if (Number.isFinite(used)) mebibytes.push(used);
      resolve();
    });
  });
  return {
    stop() {
      process.kill();
      const [before] = mebibytes;
      return before === undefined ? undefined : (Math.max(...mebibytes) - before) * 2 ** 20;
    },
  };
}
