import os from "node:os";
import path from "node:path";
import { recordOf, versionEvent } from "../formats/tfevents/index.ts";
import { openLogFile } from "./log-file.ts";

export interface EventFile {
  readonly write: (event: Uint8Array) => void;
  readonly close: () => void;
}

/** A new event file of TensorBoard in this folder, with its first record. @throws OUTPUT_UNWRITABLE when it cannot be made */
export function openEventFile(folder: string, start: Date): EventFile {
  const seconds = start.getTime() / 1000;
  const name = `events.out.tfevents.${Math.floor(seconds)}.${os.hostname()}.${process.pid}.0`;
  const file = openLogFile(path.join(folder, name), "--logging_dir");
  const write = (event: Uint8Array): void => file.write(recordOf(event));
  write(versionEvent(seconds));
  return { write, close: file.close };
}
