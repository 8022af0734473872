import { readFileSync } from "node:fs";

export interface MemoryWatch {
  /** Largest resident memory of this process so far, mapped files included. */
  readonly peakBytes: number;
  /** The same without mapped files, which the system can take back at any time. */
  readonly peakAnonymousBytes: number;
}

/** Watches the memory of this process until the end of the process. Linux only; elsewhere all is 0. */
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
