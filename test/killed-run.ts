import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TrainingEvent } from "../src/training/index.ts";

const child = fileURLToPath(new URL("./training-child.ts", import.meta.url));

/** Trains in another process until it ends, or until `isDoomed` returns true for an event: the process is then killed (SIGKILL) at once.
 *  kill: kills it at any other time. Returns the events that it wrote. @throws Error with its output if it fails by itself */
export async function runInProcess(
  flags: readonly string[],
  isDoomed: (event: TrainingEvent) => boolean,
  kill?: AbortSignal,
): Promise<{ readonly events: TrainingEvent[]; readonly isKilled: boolean }> {
  const started = spawn(process.execPath, ["--import", "tsx", child, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) =>
    started.on("close", (code, signal) => resolve(signal ?? code)),
  );
  let complaint = "";
  started.stderr.on("data", (text: Buffer) => {
    complaint += text;
  });
  kill?.addEventListener("abort", () => started.kill("SIGKILL"));
  const events: TrainingEvent[] = [];
  for await (const line of createInterface(started.stdout)) {
    const event = parsed(line);
    if (!event) break;
    events.push(event);
    if (isDoomed(event)) started.kill("SIGKILL");
  }
  const how = await ended;
  if (how !== 0 && how !== "SIGKILL") throw new Error(`the run ended with ${how}: ${complaint}`);
  return { events, isKilled: how === "SIGKILL" };
}

/** The last line of a killed process may be cut short. */
function parsed(line: string): TrainingEvent | undefined {
  try {
    return JSON.parse(line) as TrainingEvent;
  } catch {
    return undefined;
  }
}

/** The state with the most steps in an output folder. */
export function newestState(outputDir: string): string | undefined {
  const names = readdirSync(outputDir).filter((name) => /^[^.].*-step\d+-state$/.test(name));
  const newest = names.sort().at(-1);
  return newest && path.join(outputDir, newest);
}
