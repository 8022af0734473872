import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach } from "vitest";
import { tinySdFolder } from "../src/assets/index.ts";
import { type GenerationRunEvent, type GenerationRunOptions, generateFromSettings } from "../src/generation/index.ts";
import { checkGenerateSettings, type GenerateSettings, parseGenerateArguments } from "../src/options/index.ts";

/** 2024-01-02 03:04:05 in local time. */
export const drawingTime = new Date(2024, 0, 2, 3, 4, 5);

/** A folder for one test, and command lines run in it: by default small pictures of the shipped model with two steps each. */
export interface Drawing {
  readonly folder: string;
  readonly outdir: string;
  /** Sorted names of the files in the output folder, or in another one. */
  readonly written: (folder?: string) => string[];
  readonly settings: (line: readonly string[]) => GenerateSettings;
  readonly run: (line: readonly string[], options?: GenerationRunOptions) => Promise<GenerationRunEvent[]>;
  /** A text file in the folder. */
  readonly file: (name: string, ...lines: readonly string[]) => string;
}

/** Makes a new folder for every test of the file that calls it, and removes it. */
export function drawing(): Drawing {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "coinage-drawing-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const outdir = () => path.join(folder, "out");
  const settings = (line: readonly string[]): GenerateSettings => {
    const common = ["--ckpt", tinySdFolder, "--W", "64", "--H", "64", "--steps", "2", "--threads", "1"];
    return checkGenerateSettings(parseGenerateArguments([...common, "--outdir", outdir(), ...line])).settings;
  };
  return {
    get folder() {
      return folder;
    },
    get outdir() {
      return outdir();
    },
    written: (target = outdir()) => readdirSync(target).sort(),
    settings,
    run: async (line, options) => {
      const events: GenerationRunEvent[] = [];
      const run = generateFromSettings(
        { settings: settings(line), warnings: [] },
        { clock: () => drawingTime, ...options },
      );
      for await (const event of run) events.push(event);
      return events;
    },
    file: (name, ...lines) => {
      const file = path.join(folder, name);
      writeFileSync(file, lines.join("\n"));
      return file;
    },
  };
}

/** The error with which a command line fails. */
export async function failure(run: Promise<unknown>): Promise<{ readonly code?: string; readonly where?: string }> {
  return run.then(
    () => ({}),
    (error) => error,
  );
}

/** The events of written pictures. */
export function saved(events: readonly GenerationRunEvent[]): Extract<GenerationRunEvent, { kind: "saved" }>[] {
  return events.filter((event) => event.kind === "saved");
}
