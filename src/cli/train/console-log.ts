import { appendFileSync, fstatSync, statSync } from "node:fs";
import type { Terminal } from "../../reporters/index.ts";

/** A terminal that appends messages to a file; undefined if stderr already goes to that file. Messages that cannot be written are dropped. */
export function consoleLog(file: string, { now }: Terminal): Terminal | undefined {
  if (isStderr(file)) return undefined;
  const append = (text: string): void => {
    try {
      appendFileSync(file, text);
    } catch {}
  };
  return {
    talk: append,
    ask: () => {},
    result: append,
    isInteractive: false,
    hasColor: false,
    columns: () => 120,
    now,
  };
}

function isStderr(file: string): boolean {
  try {
    const [ours, theirs] = [statSync(file), fstatSync(2)];
    return ours.ino !== 0 && ours.ino === theirs.ino && ours.dev === theirs.dev;
  } catch {
    return false;
  }
}
