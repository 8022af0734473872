import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DeviceName } from "./runtime.ts";

/** How far a device is tried: whether it starts at all, or also what its numbers are and how fast it is. */
export type TrialDepth = "start" | "numbers";

/** What came of trying a device. */
export interface Trial {
  readonly check?: readonly number[];
  readonly rate?: number;
  /** Why it does not work. */
  readonly problem?: string;
}

const run = promisify(execFile);

/** Tries a device in a process of its own, where a driver may crash and talk as it likes. Never throws. */
export async function tryDevice(device: DeviceName, depth: TrialDepth, timeoutMs: number): Promise<Trial> {
  const isSource = import.meta.url.endsWith(".ts");
  const script = fileURLToPath(new URL(`./trial-process.${isSource ? "ts" : "js"}`, import.meta.url));
  const loader = isSource ? ["--import", import.meta.resolve("tsx")] : [];
  try {
    const { stdout } = await run(process.execPath, [...loader, script, device, depth], { timeout: timeoutMs });
    const trial = JSON.parse(stdout) as Trial;
    return trial.problem ? { problem: inShort(trial.problem) } : trial;
  } catch (error) {
    const isTooSlow = error instanceof Error && "killed" in error && error.killed === true;
    return { problem: isTooSlow ? `it took more than ${timeoutMs / 1000} s to try` : "trying it crashed" };
  }
}

/** The end of ONNX Runtime's messages says what happened; their beginning is where in its sources. */
function inShort(message: string): string {
  const line = message.split("\n", 1)[0]!.trim();
  return line.length <= 120 ? line : `...${line.slice(-117)}`;
}
