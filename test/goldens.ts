import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { describe } from "vitest";
import { type NdArray, toFloat32 } from "../src/array/index.ts";
import { parseSafetensors, readTensor } from "../src/formats/safetensors/index.ts";

/** The golden set under test: `GOLDENS=DIR`, else the lean selection of the project. */
export const goldensFolder = path.resolve(process.env.GOLDENS ?? fileURLToPath(new URL("./goldens", import.meta.url)));

/** Tests of one topic (a sub-folder) of the golden set; skipped by name if the set lacks the topic. */
export function describeGoldens(topic: string, tests: (folder: string) => void): void {
  const folder = path.join(goldensFolder, topic);
  if (existsSync(folder)) describe(`goldens/${topic}`, () => tests(folder));
  else describe.skip(`goldens/${topic} (not in this set)`, () => {});
}

/** A folder as in the full sets: the lean selection keeps large files compressed (`NAME.br`), and is then unpacked to `target`. */
export function unpackGoldens(folder: string, target: string): string {
  const packed = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".br"));
  if (packed.length === 0) return folder;
  cpSync(folder, target, { recursive: true });
  for (const file of packed) {
    const copy = path.join(target, file);
    writeFileSync(copy.slice(0, -".br".length), brotliDecompressSync(readFileSync(copy)));
    rmSync(copy);
  }
  return target;
}

export function readJson<T>(...parts: string[]): T {
  return JSON.parse(readFileSync(path.join(...parts), "utf8")) as T;
}

/** All tensors of a .safetensors file, in memory. */
export function readTensors(...parts: string[]): Map<string, NdArray> {
  const bytes = readFileSync(path.join(...parts));
  return new Map([...parseSafetensors(bytes).tensors].map(([name, entry]) => [name, readTensor(bytes, entry)]));
}

/** One tensor as float32. @throws Error if it is missing */
export function float32(tensors: ReadonlyMap<string, NdArray>, name: string): NdArray<Float32Array> {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`no tensor "${name}" in the golden file`);
  return toFloat32(tensor);
}

/** ||actual - expected|| / ||expected||, in float64. */
export function relativeDistance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values instead of ${expected.length}`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference) / (Math.sqrt(norm) || 1);
}

/** The largest |actual - expected|; infinite for NaN. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values instead of ${expected.length}`);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}
