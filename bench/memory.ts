import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export interface MemoryWatch {
  /** Largest resident memory of this process so far, mapped files included. */
  readonly peakBytes: number;
  /** The same without mapped files, which the system can reclaim at any time. */
  readonly peakAnonymousBytes: number;
}

/** Watches the memory of this process until it ends. Linux only; elsewhere all is 0. */
export function watchMemory(): () => MemoryWatch {
  let peakAnonymousBytes = 0;
  const look = () => {
    peakAnonymousBytes = Math.max(peakAnonymousBytes, memory("RssAnon"));
  };
  setInterval(look, 20).unref();
  return () => {
    look();
    return { peakBytes: memory("VmHWM"), peakAnonymousBytes };
  };
}

function memory(field: string): number {
  try {
    const line = new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(readFileSync("/proc/self/status", "utf8"));
    return Number(line?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

export interface GpuMemoryWatch {
  /** Peak memory in use on the first NVIDIA GPU beyond that at the start, by any process; undefined without nvidia-smi. Ends the watch. */
  stop(): number | undefined;
}

/** Queries nvidia-smi ten times a second, from before anything is loaded. */
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
