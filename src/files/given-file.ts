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
 *  It may be a pipe, which can be read only once, and it has no extension that shows its kind. */
export function isDescriptorPath(file: string): boolean {
  return descriptorOf(file) !== undefined;
}

function descriptorOf(file: string): number | undefined {
  const [, number] = /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/(\d+))$/.exec(path.resolve(file)) ?? [];
  if (number !== undefined) return Number(number);
  return path.resolve(file) === "/dev/stdin" ? 0 : undefined;
}

/** The text of a file that the user names on the command line, which has to be UTF-8 and may be a pipe. @throws the refusal */
export async function readGivenTextFile(file: string, limit: LimitName, refusal: Refusal): Promise<string> {
  const descriptor = descriptorOf(file);
  if (descriptor === undefined) return readRegularTextFile(file, limit, refusal);
  const bytes = await withRefusal(refusal, file, async () => {
    const found = await stat(file);
    if (found.isFile() || found.isDirectory()) return readRegularFile(file, limit, refusal);
    // Opened anew, a named pipe whose writer is done already would be waited for forever, and a socket cannot be opened.
    return readWithin(limit, 0, refusal, (buffer, offset, length) => readArriving(descriptor, buffer, offset, length));
  });
  return textOf(bytes, refusal);
}

/** Waits for what writes into the pipe, as every program does: the user knows how to end it. */
async function readArriving(descriptor: number, buffer: Uint8Array, offset: number, length: number): Promise<number> {
  for (;;) {
    try {
      return (await readDescriptor(descriptor, buffer, offset, length, null)).bytesRead;
    } catch (error) {
      // Another process made the pipe one that does not wait.
      if (reasonOf(error) !== "EAGAIN") throw error;
      await setTimeout(askAgainMs);
    }
  }
}

const readDescriptor = promisify(read);
const askAgainMs = 20;
