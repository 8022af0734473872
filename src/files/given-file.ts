import { read } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import type { LimitName, Refusal } from "../budget/index.ts";
import { reasonOf } from "./disk.ts";
import { withRefusal } from "./reading-problems.ts";
import { readRegularFile, readRegularTextFile, readWithin, textOf } from "./regular-file.ts";

/** Whether a path names a file descriptor of this process: `/dev/stdin`, or the `/dev/fd/63` that a shell puts in the place of `<(...)`.
 *  It may be a pipe, which can be read only once, and has no extension that shows its kind. */
export function isDescriptorPath(file: string): boolean {
  return descriptorOf(file) !== undefined;
}

function descriptorOf(file: string): number | undefined {
  const [, number] = /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/(\d+))$/.exec(path.resolve(file)) ?? [];
  if (number !== undefined) return Number(number);
  return path.resolve(file) === "/dev/stdin" ? 0 : undefined;
}

/** The text of a file named on the command line, which must be UTF-8 and may be a pipe. @throws the refusal */
export async function readGivenTextFile(file: string, limit: LimitName, refusal: Refusal): Promise<string> {
  const descriptor = descriptorOf(file);
  if (descriptor === undefined) return readRegularTextFile(file, limit, refusal);
  const bytes = await withRefusal(refusal, file, async () => {
    const found = await stat(file);
    if (found.isFile() || found.isDirectory()) return readRegularFile(file, limit, refusal);
    // Reopening would wait forever for a named pipe whose writer has finished, and fails for a socket.
    return readWithin(limit, 0, refusal, (buffer, offset, length) => readArriving(descriptor, buffer, offset, length));
  });
  return textOf(bytes, refusal);
}

/** Waits for the pipe's writer, as every program does: the user knows how to stop it. */
async function readArriving(descriptor: number, buffer: Uint8Array, offset: number, length: number): Promise<number> {
  for (;;) {
    try {
      return (await readDescriptor(descriptor, buffer, offset, length, null)).bytesRead;
    } catch (error) {
      // Another process has made the pipe non-blocking.
      if (reasonOf(error) !== "EAGAIN") throw error;
      await setTimeout(askAgainMs);
    }
  }
}

const readDescriptor = promisify(read);
const askAgainMs = 20;
