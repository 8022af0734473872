import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Mutate } from "../mutate.ts";

/** A reader under test. */
export interface Target {
  readonly name: string;
  /** Extension of a finding's file. */
  readonly ending: string;
  readonly seeds: () => readonly Uint8Array[];
  readonly mutate: Mutate;
  /** Reads an input and returns the result. */
  readonly read: (input: Uint8Array) => unknown;
  /** Executions, relative to those of a plain reader. */
  readonly share: number;
}

/** Shares of readers that need a file, and of those that need many files or a connection. */
export const [slow, slowest] = [0.1, 0.02];

export function reader(
  name: string,
  ending: string,
  seeds: Target["seeds"],
  mutate: Mutate,
  read: Target["read"],
  share = 1,
): Target {
  return { name, ending, seeds, mutate, read, share };
}

/** Folder for the input files of readers. */
export const scratch = mkdtempSync(path.join(tmpdir(), "coinage-fuzz-"));

export function removeScratch(): void {
  rmSync(scratch, { recursive: true, force: true });
}

/** A reader of files: writes the input to a file of this name. */
export function ofFile(name: string, read: (file: string) => unknown): Target["read"] {
  const file = path.join(scratch, name);
  return (input) => {
    writeFileSync(file, input);
    return read(file);
  };
}

export function textOf(input: Uint8Array): string {
  return Buffer.from(input).toString("utf8");
}
